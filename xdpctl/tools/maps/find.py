"""Find a map by its name, its path in bpffs, or its id."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.machine import paths
from xdpctl.core.machine.identifiers import NAME_LENGTH, may_be_same, whole
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.machine.reach import Reach, is_bare, not_here
from xdpctl.core.values.numerals import ID_MAX, short, whole_number
from xdpctl.core.wording import did_you_mean, nearest
from xdpctl.errors import Ambiguous, BadRequest, HostLacks, NoSuchMap
from xdpctl.tools import bpffs, bpftool, naming, proc


class Found(Struct, frozen=True):
    map: Map
    pin: str | None


def find_map(name: str, reach: Reach) -> Found:
    """A map to be read."""
    if not is_bare(name):
        return exact_map(name)
    pins = (naming.pin_in(directory, name, "map") for directory in reach.directories)
    pin = next(filter(None, pins), None)
    found = Found(pinned_map(pin), pin) if pin else _anywhere(name, reach)
    reach.found(name, found.pin or f"id:{found.map.id}")
    return found


def find_map_to_write(name: str, directory: str) -> Found:
    """A map to be written: a bare name is in the directory, or nowhere.

    Global variables have no pin of their own: they are those of a program that is pinned there.
    """
    if not is_bare(name):
        return exact_map(name)
    pin = naming.own_pin(name, directory, "map")
    if pin is not None:
        return Found(pinned_map(pin), pin)
    maps = bpftool.maps()
    if elsewhere := _called(name, maps):
        variables = _of_programs(directory, bpftool.programs(), elsewhere) if "." in name else []
        if len(variables) == 1:
            return variables[0]
        raise not_here("map", name, directory, _choices(elsewhere))
    raise NoSuchMap(f"there is no map {name!r} in {directory}", *_near(name, _pinned_names(maps, directory)))


def _of_programs(directory: str, programs: Iterable[Program], found: Iterable[Found]) -> list[Found]:
    """Those that programs use which are pinned in a directory."""
    used = {map_id for p in programs if paths.below(p.pinned, directory) for map_id in p.map_ids}
    return [one for one in found if one.map.id in used]


def exact_map(name: str) -> Found:
    """The map at a path in bpffs, or that of an id."""
    if name.startswith("id:"):
        return Found(_by_id(name), None)
    pin = naming.pin_at(name, "map")
    if pin is None:
        pins = paths.below((pin for m in bpftool.maps() for pin in m.pinned), name.rpartition("/")[0])
        raise NoSuchMap(f"there is no map {name}", *did_you_mean(name, sorted(pins)))
    return Found(pinned_map(pin), pin)


def _by_id(name: str) -> Map:
    number = name.removeprefix("id:")
    if (id_ := whole_number(number, ID_MAX)) is None:
        raise BadRequest(f"{short(name)} is no map id", "write id: and a number, as xdpctl map list shows it")
    found = _shown(proc.query(bpftool.command("map", "show", "id", str(id_))), f"map with id {id_}")
    if found.internal or len(found.name) < NAME_LENGTH:
        return found
    pins = (pin for map_ in bpftool.maps() if map_.id == id_ for pin in map_.pinned)
    return replace(found, name=whole(found.name, pins))


def pinned_map(path: str) -> Map:
    found = _shown(proc.query(bpftool.command("map", "show", "pinned", path)), f"map {path}")
    return replace(found, name=whole(found.name, (path,)))


def _shown(result: proc.Result, what: str) -> Map:
    if not result.ok:
        error = bpftool.failure(result)
        if isinstance(error, HostLacks):
            raise error
        reason = bpftool.reason_of(result)
        if "incorrect object type" in reason:
            raise BadRequest(f"{what.removeprefix('map ')} is no map but a program")
        if bpftool.is_nothing_there(reason):
            raise NoSuchMap(f"there is no {what}: {reason}", "xdpctl map list shows maps")
        raise error
    return bpftool.read_map(result)


def _near(name: str, present: Sequence[str]) -> tuple[str, ...]:
    """Which of the maps in a directory was meant; of many, the first few."""
    if len(present) > bpffs.FEW and not nearest(name, present):
        return (bpffs.in_words(present),)
    return did_you_mean(name, present) or ("xdpctl map list shows all maps",)


def _pinned_names(maps: Iterable[Map], directory: str) -> list[str]:
    pins = (pin for map_ in maps for pin in paths.below(map_.pinned, directory))
    return sorted(pin.rpartition("/")[2] for pin in pins)


def known_names(maps: Sequence[Map], reach: Reach, devices: Sequence[str] = ()) -> list[str]:
    """Of maps: one's own, then those of others. Constants are asked for by who knows them."""
    own = [name for directory in reach.directories for name in _pinned_names(maps, directory)]
    return [*own, *devices, *sorted({m.name for m in maps if m.name and ".rodata" not in m.name})]


def _anywhere(name: str, reach: Reach) -> Found:
    maps = bpftool.maps()
    found = _called(name, maps)
    if not found:
        raise NoSuchMap(f"there is no map {name!r}", *did_you_mean(name, known_names(maps, reach)))
    found = _of_own_programs(found, reach) or found if _several(found) else found
    if _several(found):
        raise Ambiguous(f"several maps are called {name!r}; name one by its id or path", *_choices(found))
    # Asked anew: where bpftool 7.1 lists several, a map without BTF seems to have that of the one before.
    return Found(_by_id(f"id:{found[0].map.id}"), found[0].pin)


def _several(found: Iterable[Found]) -> bool:
    return len({f.map.id for f in found}) > 1


def _of_own_programs(found: Sequence[Found], reach: Reach) -> list[Found]:
    """Those that the programs in a pin directory use: global variables have no pins of their own."""
    directories = [directory for directory in reach.directories if bpffs.entries(directory)]
    programs = bpftool.programs() if directories else ()
    return next(filter(None, (_of_programs(one, programs, found) for one in directories)), [])


def _called(name: str, maps: Iterable[Map]) -> list[Found]:
    """Those that are pinned by a name, or else those that have it in the kernel."""
    pins = [Found(m, pin) for m in maps for pin in m.pinned if pin.rpartition("/")[2] == name]
    return pins or [Found(m, None) for m in maps if _is_called(m, name)]


def _choices(found: Iterable[Found]) -> list[str]:
    return [f"id:{f.map.id}  {f.map.type}  {f.pin or f.map.name}" for f in found]


def _is_called(map_: Map, name: str) -> bool:
    """Global variables are in `xdp_allo.bss`; the first part, which is cut, needn't be said."""
    return map_.name.endswith(name) if name.startswith(".") else may_be_same(map_.name, name)
