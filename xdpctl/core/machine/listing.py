"""Which programs of a machine are listed, and in which order."""

from collections.abc import Iterable, Iterator

from xdpctl.core.machine.identifiers import may_be_same
from xdpctl.core.machine.model import Map, Program, ProgramStatus


def own_first(programs: Iterable[ProgramStatus], directory: str) -> tuple[ProgramStatus, ...]:
    """Those that are pinned in one's own directory, then others that xdpctl built."""
    return tuple(sorted(programs, key=lambda one: (not _is_below(one, directory), not one.program.ours)))


def concerns(one: ProgramStatus, wanted: str) -> bool:
    """Whether a program has this name or id, uses such a map, is pinned there, or runs on that device."""
    if "/" in wanted:
        return _is_below(one, wanted)
    return (
        wanted == f"id:{one.program.id}"
        or any(may_be_same(wanted, name) for name in names(one))
        or any(place.device == wanted for place in one.places)
    )


def names(one: ProgramStatus) -> Iterator[str]:
    """Of a program and its maps, in the kernel and in bpffs; what libbpf made for variables has none."""
    things: tuple[Program | Map, ...] = (one.program, *(m for m in one.maps if not m.internal))
    for thing in things:
        if thing.name:
            yield thing.name
        yield from (pin.rpartition("/")[2] for pin in thing.pinned)


def _is_below(one: ProgramStatus, path: str) -> bool:
    pins = (*one.program.pinned, *(pin for m in one.maps for pin in m.pinned))
    return any(pin == path or pin.startswith(f"{path.rstrip('/')}/") for pin in pins)
