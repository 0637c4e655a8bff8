"""Read a map: find it by name, path or id, and decode what it holds."""

import errno
import os

from msgspec import Struct

from xdpctl.core import decode
from xdpctl.core.decode import Entry, Layout
from xdpctl.core.model import Map
from xdpctl.core.suggest import did_you_mean
from xdpctl.errors import BadRequest, HostLacks, Refused
from xdpctl.tools import bpffs, bpftool, host, proc

GONE = 256 - errno.ENOENT
"""How bpftool ends when the map isn't there."""


class Dump(Struct, frozen=True):
    map: Map
    pin: str | None
    entries: tuple[Entry, ...]
    typed: bool
    """Without BTF, keys and values are shown as hexadecimal bytes."""


class Found(Struct, frozen=True):
    map: Map
    pin: str | None


def dump(name: str, directories: tuple[str, ...], raw: bool) -> Dump:
    """The content of the map that a name, a path in bpffs or `id:N` speaks of."""
    host.require_privileges()
    found = _find(name, directories)
    content = bpftool.start_dump(found.map)
    layout = _layout(found.map, raw)
    result = content.result(seconds=600)
    if result.status == GONE:
        raise Refused(f"{found.map.name} (id {found.map.id}) has gone meanwhile", "xdpctl status shows maps")
    if not result.ok:
        raise Refused(f"{found.map.name} can't be dumped: bpftool gets no entries of a {found.map.type} map")
    entries = decode.decode(bpftool.entries(result), layout)
    return Dump(found.map, found.pin, entries, layout.typed)


def _layout(map_: Map, raw: bool) -> Layout:
    if not map_.btf_id:
        return Layout()
    everything = bpftool.start_btf("id", str(map_.btf_id))
    key_and_value = proc.query(bpftool.command("btf", "dump", "map", "id", str(map_.id)))
    return decode.layout(bpftool.btf(everything.result()), bpftool.btf(key_and_value), raw)


def _find(name: str, directories: tuple[str, ...]) -> Found:
    if name.startswith("id:"):
        return Found(_by_id(name), None)
    paths = (name,) if "/" in name else tuple(f"{directory}/{name}" for directory in directories)
    for path in dict.fromkeys(paths):
        if os.path.isdir(path):
            raise BadRequest(
                f"{path} is a directory, not a map", f"it holds: {', '.join(bpffs.entries(path))}"
            )
        if os.path.exists(path):
            return Found(_pinned(path), os.path.realpath(path))
    if "/" in name:
        raise BadRequest(f"there is no map {name}", *did_you_mean(name, _pins_beside(name)))
    return _anywhere(name)


def _by_id(name: str) -> Map:
    number = name.removeprefix("id:")
    if not (number.isascii() and number.isdecimal() and int(number) < 1 << 32):
        raise BadRequest(f"{name!r} is no map id", "write id: and a number, as xdpctl status shows it")
    return _shown(proc.query(bpftool.command("map", "show", "id", number)), f"map with id {number}")


def _pinned(path: str) -> Map:
    return _shown(proc.query(bpftool.command("map", "show", "pinned", path)), f"map {path}")


def _shown(result: proc.Result, what: str) -> Map:
    if not result.ok:
        error = bpftool.failure(result)
        if isinstance(error, HostLacks):
            raise error
        reason = bpftool.reason_of(result)
        if "incorrect object type" in reason:
            raise BadRequest(f"{what.removeprefix('map ')} is no map but a program")
        raise BadRequest(f"there is no {what}: {reason}", "xdpctl status shows maps")
    return bpftool.read(result, Map)


def _pins_beside(path: str) -> tuple[str, ...]:
    directory = path.rpartition("/")[0]
    return tuple(f"{directory}/{name}" for name in bpffs.entries(directory))


def _anywhere(name: str) -> Found:
    """Among all pins, then among all maps of the kernel."""
    maps = bpftool.maps()
    pins = [Found(m, pin) for m in maps for pin in m.pinned if pin.rpartition("/")[2] == name]
    found = pins or [Found(m, None) for m in maps if m.name == name]
    if not found:
        raise BadRequest(
            f"there is no map {name!r}", *did_you_mean(name, sorted({m.name for m in maps if m.name}))
        )
    if len({f.map.id for f in found}) > 1:
        choices = [f"  id:{f.map.id}  {f.map.type}" + (f"  {f.pin}" if f.pin else "") for f in found]
        raise BadRequest(f"several maps are called {name!r}; name one by its id or path:", *choices)
    # Asked anew: where bpftool 7.1 lists several, a map without BTF seems to have that of the one before.
    return Found(_by_id(f"id:{found[0].map.id}"), found[0].pin)
