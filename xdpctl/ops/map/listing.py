"""All maps of the kernel, and everything about one."""

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.btf.c_declaration import key_and_value
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.machine.reach import Reach
from xdpctl.errors import NoSuchMap
from xdpctl.tools import bpftool, host
from xdpctl.tools.maps import types
from xdpctl.tools.maps.find import find_map


class Listed(Struct, frozen=True):
    map: Map
    programs: tuple[Program, ...]
    """Those that use it."""


class ShownMap(Struct, frozen=True):
    map: Map
    programs: tuple[Program, ...]
    key_type: str
    """As in C; nothing where it isn't known."""
    value_type: str


def list_() -> tuple[Listed, ...]:
    host.require_privileges()
    asked = bpftool.start_programs()
    found = bpftool.maps()
    programs = bpftool.read(asked.result(), tuple[Program, ...])
    return tuple(Listed(map_, _users(map_, programs)) for map_ in found)


def show(name: str, reach: Reach) -> ShownMap:
    host.require_privileges()
    found = find_map(name, reach).map
    asked = bpftool.start_programs()
    known = types.of(found)
    pins = next((other.pinned for other in bpftool.maps() if other.id == found.id), None)
    if pins is None:
        raise NoSuchMap(f"{name} has gone meanwhile", "xdpctl map list shows maps")
    programs = bpftool.read(asked.result(), tuple[Program, ...])
    return ShownMap(replace(found, pinned=pins), _users(found, programs), *key_and_value(known))


def _users(map_: Map, programs: tuple[Program, ...]) -> tuple[Program, ...]:
    return tuple(program for program in programs if map_.id in program.map_ids)
