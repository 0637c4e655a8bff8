"""Find a map by its name, its path in bpffs, or its id."""

import os

from msgspec import Struct

from xdpctl.core.model import Map
from xdpctl.core.numerals import ID_MAX, short, whole_number
from xdpctl.core.suggest import did_you_mean
from xdpctl.errors import BadRequest, HostLacks
from xdpctl.tools import bpffs, bpftool, proc


class Found(Struct, frozen=True):
    map: Map
    pin: str | None


def find(name: str, directories: tuple[str, ...]) -> Found:
    if name.startswith("id:"):
        return Found(_by_id(name), None)
    paths = (name,) if "/" in name else tuple(f"{directory}/{name}" for directory in directories)
    for path in dict.fromkeys(paths):
        if os.path.isdir(path):
            raise BadRequest(f"{path} is a directory, not a map", bpffs.listing(path))
        if os.path.exists(path):
            return Found(pinned(path), os.path.realpath(path))
    if "/" in name:
        raise BadRequest(f"there is no map {name}", *did_you_mean(name, _pins_beside(name)))
    return _anywhere(name)


def _by_id(name: str) -> Map:
    number = name.removeprefix("id:")
    if (id_ := whole_number(number, ID_MAX)) is None:
        raise BadRequest(f"{short(name)} is no map id", "write id: and a number, as xdpctl map list shows it")
    return _shown(proc.query(bpftool.command("map", "show", "id", str(id_))), f"map with id {id_}")


def pinned(path: str) -> Map:
    return _shown(proc.query(bpftool.command("map", "show", "pinned", path)), f"map {path}")


def _shown(result: proc.Result, what: str) -> Map:
    if not result.ok:
        error = bpftool.failure(result)
        if isinstance(error, HostLacks):
            raise error
        reason = bpftool.reason_of(result)
        if "incorrect object type" in reason:
            raise BadRequest(f"{what.removeprefix('map ')} is no map but a program")
        if bpftool.is_nothing_there(reason):
            raise BadRequest(f"there is no {what}: {reason}", "xdpctl map list shows maps")
        raise error
    return bpftool.read_map(result)


def _pins_beside(path: str) -> tuple[str, ...]:
    directory = path.rpartition("/")[0]
    return tuple(f"{directory}/{name}" for name in bpffs.entries(directory))


def _anywhere(name: str) -> Found:
    """Among all pins, then among all maps of the kernel."""
    maps = bpftool.maps()
    pins = [Found(m, pin) for m in maps for pin in m.pinned if pin.rpartition("/")[2] == name]
    found = pins or [Found(m, None) for m in maps if _is_called(m, name)]
    if not found:
        raise BadRequest(
            f"there is no map {name!r}", *did_you_mean(name, sorted({m.name for m in maps if m.name}))
        )
    if len({f.map.id for f in found}) > 1:
        choices = [f"  id:{f.map.id}  {f.map.type}  {f.pin or f.map.name}" for f in found]
        raise BadRequest(f"several maps are called {name!r}; name one by its id or path:", *choices)
    # Asked anew: where bpftool 7.1 lists several, a map without BTF seems to have that of the one before.
    return Found(_by_id(f"id:{found[0].map.id}"), found[0].pin)


def _is_called(map_: Map, name: str) -> bool:
    """Global variables are in `xdp_allo.bss`; the first part, which is cut, needn't be said."""
    return map_.name.endswith(name) if name.startswith(".") else map_.name == name
