"""Read a map: decode what it holds, and what its program keeps beside it."""

import errno

from msgspec import Struct

from xdpctl.core import beside, decode
from xdpctl.core.beside import Accounts, Beside, Counts
from xdpctl.core.btf import struct_with_meaning
from xdpctl.core.decode import Entry, Layout
from xdpctl.core.model import Map
from xdpctl.errors import Refused
from xdpctl.tools import bpftool, host, maps, proc

GONE = 256 - errno.ENOENT
"""How bpftool ends when the map isn't there."""


class Dump(Struct, frozen=True):
    map: Map
    pin: str | None
    entries: tuple[Entry, ...]
    typed: bool
    """Without BTF, keys and values are shown as hexadecimal bytes."""
    accounts: Accounts
    """What its program keeps beside it."""
    part_of: str = ""
    """The map that this one belongs to."""


class Types(Struct, frozen=True):
    layout: Layout = Layout()
    kept: Beside = Beside()
    key: str = ""
    """The type of the key, if it is a struct whose name and members have a meaning."""


def dump(name: str, directories: tuple[str, ...], raw: bool) -> Dump:
    """The content of the map that a name, a path in bpffs or `id:N` speaks of."""
    host.require_privileges()
    found = maps.find(name, directories)
    # A map that forgets is read after the total: what comes in meanwhile isn't forgotten.
    content = None if found.map.forgets else bpftool.start_dump(found.map)
    types = _types(found.map, raw)
    total = _total(found.map, types.kept)
    entries = decode.decode(_entries(found.map, content or bpftool.start_dump(found.map)), types.layout)
    entries += _of_twin(found.map, types.kept, raw)
    accounts: dict[str, Counts | None] = {}
    if types.kept.whole and total != {}:
        forgotten = total and beside.forgotten(total, entries, types.layout.is_sum)
        accounts |= {"total": total, **({} if forgotten == {} else {"forgotten": forgotten})}
    if types.kept.lost:
        accounts |= {"lost": _lost(found.map, types.kept)}
    return Dump(found.map, found.pin, entries, types.layout.typed, accounts, types.kept.twin_of)


def _entries(map_: Map, content: proc.Running) -> tuple[decode.RawEntry, ...]:
    result = content.result(seconds=600)
    if result.status == GONE:
        raise Refused(f"{map_.name} (id {map_.id}) has gone meanwhile", "xdpctl status shows maps")
    if not result.ok:
        raise Refused(f"{map_.name} can't be dumped: bpftool gets no entries of a {map_.type} map")
    return bpftool.entries(result)


def _types(map_: Map, raw: bool) -> Types:
    if not map_.btf_id:
        devices = str(map_.type).startswith("devmap") and map_.bytes_value == 4
        return Types(decode.DEVICES) if devices else Types()
    asked = bpftool.start_btf("id", str(map_.btf_id))
    key_and_value = proc.query(bpftool.command("btf", "dump", "map", "id", str(map_.id)))
    everything = bpftool.btf(asked.result())
    of_map = bpftool.btf(key_and_value)
    layout = decode.layout(everything, of_map, raw, host.boot_time())
    key_type = struct_with_meaning(of_map.types[0]) if of_map.types else ""
    return Types(layout, beside.beside(everything, map_.name, key_type, map_.forgets), key_type)


def _total(map_: Map, kept: Beside) -> Counts | None:
    """All packets; none of it if something else is only called so, None if it has gone."""
    whole = _sibling(map_, kept.whole) if kept.whole else None
    if whole is None:
        return None
    if (whole.type, whole.max_entries) != ("percpu_array", 1):
        return {}
    [entry] = decode.decode(_entries(whole, bpftool.start_dump(whole)), _types(whole, raw=True).layout)
    ours = isinstance(entry.value, dict) and set(entry.value) <= {"packets", "bytes"}
    return entry.value if ours and isinstance(entry.value, dict) else {}


def _of_twin(map_: Map, kept: Beside, raw: bool) -> tuple[Entry, ...]:
    """What a second map holds of the same counter."""
    twin = _sibling(map_, kept.twin) if kept.twin else None
    types = Types() if twin is None else _types(twin, raw)
    if twin is None or types.key != beside.FLOW6:
        return ()
    return decode.decode(_entries(twin, bpftool.start_dump(twin)), types.layout)


def _lost(map_: Map, kept: Beside) -> Counts | None:
    variables = _sibling(map_, beside.GLOBALS) if kept.lost else None
    if variables is None:
        return None
    return beside.lost(kept, _entries(variables, bpftool.start_dump(variables)))


def _sibling(map_: Map, name: str) -> Map | None:
    """A map of the same object: those share their BTF."""
    others = (other for other in bpftool.maps() if other.btf_id == map_.btf_id)
    return next((o for o in others if o.name == name or (o.name.endswith(name) and o.internal)), None)
