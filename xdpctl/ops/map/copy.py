"""Copy all elements of a map to another."""

from xdpctl.core.btf.c_declaration import declared
from xdpctl.core.btf.columns import same_meaning
from xdpctl.core.btf.types import Types
from xdpctl.core.machine.model import Map
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import refusals
from xdpctl.core.maps.elements import Change
from xdpctl.errors import BadRequest
from xdpctl.tools.maps import types
from xdpctl.tools.target import MapEditor, Writing, elements_of, to_read, to_write


def prepare(from_: str, to: str, reach: Reach) -> Writing:
    source, target = to_read(from_, reach), to_write(to, reach.pin)
    refusals.check_readable(source.map)
    refusals.check_writable(target.map)
    _check_alike(source, target)
    found = [*elements_of(source.map)]
    for element in found:
        refusals.check_index(target.map, element.key)
    target.check_room([element.key for element in found], f"those of {source.map.name}")
    return Writing(target, Change(target.map, found))


def _check_alike(source: MapEditor, target: MapEditor) -> None:
    one, other = source.map, target.map
    if one.id == other.id:
        raise BadRequest(f"{source.name} and {target.name} are the same map")
    if one.per_cpu != other.per_cpu:
        per_cpu, not_ = (one, other) if one.per_cpu else (other, one)
        raise BadRequest(f"{per_cpu.name} has a value for each CPU, and {not_.name} one for all")
    if _sizes(one) != _sizes(other):
        raise BadRequest(f"{one.name} has {_sizes(one)}, and {other.name} {_sizes(other)}")
    readings = [types.layout(each.map, each.types, raw=True) for each in (source, target)]
    if not all(reading.typed for reading in readings):
        return
    for what, columns in (("keys", [r.key for r in readings]), ("values", [r.value for r in readings])):
        if not same_meaning(*columns):
            said = (f"{each.map.name}: {_in_c(each, what)}" for each in (source, target))
            raise BadRequest(f"{what} of {one.name} mean something else in {other.name}", *said)


def _sizes(map_: Map) -> str:
    return f"keys of {map_.bytes_key} and values of {map_.bytes_value} bytes"


def _in_c(target: MapEditor, what: str) -> str:
    key, value = target.types.key_and_value.types
    return declared(Types(target.types.everything.types), (key if what == "keys" else value).id)
