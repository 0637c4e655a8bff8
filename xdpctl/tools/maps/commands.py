"""Command lines of bpftool for maps and their elements."""

from xdpctl.core.machine.model import Argv, Map
from xdpctl.core.maps.change import How
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.new_map import NewMap
from xdpctl.tools import bpftool


def lookup(map_: Map, key: bytes) -> Argv:
    return bpftool.command("map", "lookup", "id", str(map_.id), *_bytes("key", key))


def following(map_: Map, key: bytes | None) -> Argv:
    """Asks for the key after one, or for the first."""
    return bpftool.command("map", "getnext", "id", str(map_.id), *(() if key is None else _bytes("key", key)))


def change(map_: Map, element: Element, how: How) -> Argv:
    """Words for bpftool, of a command line or of a line in a batch."""
    verb = "update" if element.values else "delete"
    words = ("map", verb, "id", str(map_.id), *_bytes("key", element.key))
    if not element.values:
        return words
    return (*words, *_bytes("value", element.values[0]), *(() if how is How.ANY else (how.value,)))


def create(new: NewMap, path: str) -> Argv:
    """Without types, of which bpftool can't tell the kernel."""
    sizes = ("key", str(new.key_size), "value", str(new.value_size), "entries", str(new.max_entries))
    flags = ("flags", str(new.flags)) if new.flags else ()
    return bpftool.command("map", "create", path, "type", new.type, *sizes, "name", new.name, *flags)


def pin(map_: Map, path: str) -> Argv:
    return bpftool.command("map", "pin", "id", str(map_.id), path)


def _bytes(what: str, data: bytes) -> Argv:
    return (what, "hex", *data.hex(" ").split())
