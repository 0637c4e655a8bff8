"""What goes with the programs of a directory when they are unloaded, and what stays."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from xdpctl.core.machine import owners, paths
from xdpctl.core.machine.directories import Identity, PinDirectory
from xdpctl.core.machine.model import Map, MapId, Program


class Removal(Struct, frozen=True):
    pins: tuple[str, ...]
    """Those in the directory that go."""
    maps: tuple[Map, ...]
    """Those that they are pins of."""
    identities: Mapping[str, Identity]
    """Of these pins, and of all others of these maps."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Pins elsewhere that keep maps in the kernel."""
        own = {self.identities[pin] for pin in self.pins}
        return tuple(pin for m in self.maps for pin in m.pinned if self.identities[pin] not in own)

    @property
    def freed(self) -> frozenset[MapId]:
        """The maps that have to go from the kernel."""
        kept = set(self.kept)
        return frozenset(m.id for m in self.maps if not kept & set(m.pinned))


def used(directory: PinDirectory, maps: tuple[Map, ...]) -> tuple[str, ...]:
    """The pins of its programs and of the maps that they use."""
    pins = (pin for p in directory.programs for pin in owners.pins_of(p, maps, directory.path))
    return tuple(dict.fromkeys(pins))


def came_along(
    programs: Iterable[Program], others: Mapping[str, Map], going: Iterable[Map] = ()
) -> tuple[str, ...]:
    """The pins of maps that were loaded with these programs, though they don't use them: BTF is shared.

    With the maps that go, where programs were replaced: those have the BTF that they were loaded with.
    """
    typed = {one.btf_id for one in going if one.type not in WITHOUT_TYPES}
    shared = {btf for btf in (*typed, *(program.btf_id for program in programs)) if btf}
    return tuple(
        pin for pin, found in others.items() if found.btf_id in shared and owners.is_named_so(found, pin)
    )


def shared(
    directory: PinDirectory, maps: tuple[Map, ...], moments: Mapping[str, float]
) -> tuple[frozenset[str], frozenset[str]]:
    """Of maps that the programs use and that have other BTF: the pins that were there before; those since.

    What was there before a program was loaded isn't its own. A pin by another name is `load --use`.
    """
    objects = {program.btf_id for program in directory.programs}
    used_by = {id_ for program in directory.programs for id_ in program.map_ids}
    foreign = (m for m in maps if m.id in used_by and m.btf_id not in objects and None not in objects)
    pins = [pin for m in foreign for pin in paths.below(m.pinned, directory.path)]
    loaded = [moments[pin] for p in directory.programs for pin in paths.below(p.pinned, directory.path)]
    before = frozenset(pin for pin in pins if moments[pin] < min(loaded))
    since = frozenset(pin for pin in pins if 0 <= moments[pin] - max(loaded) < BY_HAND)
    return before, since


BY_HAND = 1.0
"""Seconds after which somebody else may have pinned a map by another name."""
AT_ONCE = 0.02
"""Seconds in which bpftool pins a program and then its maps: no other process could be as fast."""
WITHOUT_TYPES = (
    *("prog_array", "perf_event_array", "stack_trace", "cgroup_array", "array_of_maps", "hash_of_maps"),
    *("devmap", "devmap_hash", "cpumap", "xskmap", "sockmap", "sockhash", "queue", "stack"),
)
"""Maps for which libbpf tells the kernel of no BTF."""


def pinned_with(
    directory: PinDirectory, others: Mapping[str, Map], moments: Mapping[str, float]
) -> tuple[str, ...]:
    """The pins of such maps that came in the moments of the programs' pins, and that no program uses."""
    in_use = {id_ for program in directory.everyones for id_ in program.map_ids}
    loaded = [moments[pin] for p in directory.programs for pin in paths.below(p.pinned, directory.path)]
    return tuple(
        pin
        for pin, found in others.items()
        if found.type in WITHOUT_TYPES and found.id not in in_use and owners.is_named_so(found, pin)
        if any(0 <= moments[pin] - moment < AT_ONCE for moment in loaded)
    )
