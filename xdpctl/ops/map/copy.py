"""Copy all elements of a map to another."""

from xdpctl.core.btf.c_declaration import key_and_value
from xdpctl.core.btf.columns import same_meaning
from xdpctl.core.machine.model import Map
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import refusals
from xdpctl.core.maps.change import Change
from xdpctl.core.maps.first_seen import Seen
from xdpctl.errors import BadRequest
from xdpctl.ops.map._opened import Opened, to_read, to_write
from xdpctl.ops.map._writing import Writing, check_room
from xdpctl.tools import host
from xdpctl.tools.maps import content
from xdpctl.tools.maps.stored import stored


def prepare(from_: str, to: str, reach: Reach) -> Writing:
    source, target = to_read(from_, reach), to_write(to, reach.pin)
    refusals.check_writable(target.map)
    _check_alike(source, target)
    cpus = host.possible_cpus() if source.map.per_cpu else 1
    found = stored(target.map, cpus, content.start(source.map))
    new = Seen(target.map.max_entries)
    for element in found:
        refusals.check_index(target.map, element.key)
        new.remember(element.key, target.map.bytes_key)
    check_room(target, new, f"those of {source.map.name}")
    return Writing(target, Change(target.map, found))


def _check_alike(source: Opened, target: Opened) -> None:
    one, other = source.map, target.map
    if one.id == other.id:
        raise BadRequest(f"{source.name} and {target.name} are the same map")
    if one.per_cpu != other.per_cpu:
        per_cpu, not_ = (one, other) if one.per_cpu else (other, one)
        raise BadRequest(f"{per_cpu.name} has a value for each CPU, and {not_.name} one for all")
    if _sizes(one) != _sizes(other):
        raise BadRequest(f"{one.name} has {_sizes(one)}, and {other.name} {_sizes(other)}")
    ours, theirs = source.codec, target.codec
    if not (ours.types.known and theirs.types.known):
        return
    columns = (ours.raw.key, theirs.raw.key), (ours.raw.value, theirs.raw.value)
    declared = zip(key_and_value(ours.types), key_and_value(theirs.types), strict=True)
    for what, readers, in_c in zip(("keys", "values"), columns, declared, strict=True):
        if not same_meaning(*readers):
            said = (f"{map_.name}: {text}" for map_, text in zip((one, other), in_c, strict=True))
            raise BadRequest(f"{what} of {one.name} mean something else in {other.name}", *said)


def _sizes(map_: Map) -> str:
    return f"keys of {map_.bytes_key} and values of {map_.bytes_value} bytes"
