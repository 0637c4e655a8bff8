"""A program that runs on packets, and what each of them changes in its maps."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.btf.columns import Record
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.maps import refusals
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Layout
from xdpctl.core.maps.refusals import NotTold
from xdpctl.core.packets import comparison, map_changes
from xdpctl.core.packets.comparison import Difference, MapDifference
from xdpctl.core.packets.map_changes import ElementChange, MapContent
from xdpctl.core.packets.run_counts import Run
from xdpctl.core.packets.samples import Packet
from xdpctl.core.wording import element_count
from xdpctl.ops.run._live import maps_of
from xdpctl.tools.maps import content, types
from xdpctl.tools.programs.test_run import Running


class WatchedMap:
    """A map of the program, and what it held before."""

    def __init__(self, map_: Map, layout: Layout, before: MapContent, many: int) -> None:
        self.map, self.layout = map_, layout
        self._before = self._last = before
        self._many = many
        """A map of so many elements is read in batches."""
        self.left_out: frozenset[str] = frozenset()
        """Global variables of which nothing is to be told."""

    @property
    def variables(self) -> frozenset[str]:
        """The names of global variables."""
        value = self.layout.value
        if not (self.map.internal and isinstance(value, Record)):
            return frozenset()
        return frozenset(name for name, *_ in value.members)

    def since_last(self) -> list[ElementChange]:
        """What changed since it was asked before."""
        chunks = list(content.start(self.map, many=self._many))
        found = map_changes.changes(self._last, chunks, self.layout)
        self._last = _remembered(self.map, chunks)
        return [change for batch in self._of_variables(found) for change in batch]

    def changes(self) -> Iterator[list[ElementChange]]:
        """What changed from the beginning."""
        return self._of_variables(map_changes.changes(self._before, content.start(self.map), self.layout))

    def _of_variables(self, found: Iterator[list[ElementChange]]) -> Iterator[list[ElementChange]]:
        if not self.map.internal:
            return found
        return ([v for change in batch for v in self._told(change)] for batch in found)

    def _told(self, change: ElementChange) -> Iterator[ElementChange]:
        for variable in map_changes.of_variables(change):
            if re.split(r"[.\[]", str(variable.key))[0] not in self.left_out:
                yield variable


def watched(program: Program, many: int, tell: Callable[[str], None]) -> Iterator[WatchedMap]:
    """Its maps as they are before it runs."""
    for map_ in maps_of(program):
        if refusals.takes_minutes(map_):
            tell(f"changes of {map_.name} aren't shown: it always has {element_count(map_.max_entries)}")
            continue
        try:
            layout = types.layout(map_, types.of(map_), raw=False)
            yield WatchedMap(map_, layout, _remembered(map_, content.start(map_)), many)
        except NotTold as error:
            tell(f"changes of {map_.name} aren't shown: {error.message}")


def _remembered(map_: Map, chunks: Iterable[Chunk]) -> MapContent:
    return map_changes.remember(chunks, not map_.elements_come_singly)


class Session(Struct, frozen=True):
    """A program that is ready to run, and its maps."""

    packets: Iterator[Packet]
    running: Running
    program: Program
    maps: tuple[WatchedMap, ...]

    def runs(self) -> Iterator[Run]:
        """One for each packet and repetition, as they come."""
        return self.running.on(self.packets)

    def runs_with_effects(self) -> Iterator[Run]:
        """The same with what each changed in maps, which are read after each."""
        for packet in self.packets:
            [run] = self.running.on((packet,))
            found = ((watched.map, watched.since_last()) for watched in self.maps)
            yield run._replace(effects=tuple(effect for effect in found if effect[1]))


class Comparison(Struct, frozen=True):
    """Two programs on the same packets. The second is what the first should be like."""

    one: Session
    other: Session

    @property
    def maps_are_small(self) -> bool:
        """Whether it takes little to read them again and again."""
        maps = (watched.map for session in (self.one, self.other) for watched in session.maps)
        return all(map_.max_entries < content.MANY for map_ in maps)

    def differences(self, with_effects: bool) -> Iterator[Difference | None]:
        """Packet by packet, None where there is none."""
        if with_effects:
            runs = zip(self.one.runs_with_effects(), self.other.runs_with_effects(), strict=True)
        else:
            runs = zip(self.one.runs(), self.other.runs(), strict=True)
        return (comparison.difference(*pair) for pair in runs)

    def of_maps(self) -> tuple[MapDifference, ...]:
        """In what was counted of all packets."""
        ones, others = (
            [(watched.map, chain.from_iterable(watched.changes())) for watched in session.maps]
            for session in (self.one, self.other)
        )
        return comparison.map_differences(ones, others)


def comparison_of(one: Session, other: Session, tell: Callable[[str], None]) -> Comparison:
    """What only the first has isn't compared."""
    theirs = {watched.map.own_name: watched for watched in other.maps}
    shared = []
    for watched in one.maps:
        match = theirs.get(watched.map.own_name)
        watched.left_out = watched.variables - (match.variables if match else frozenset())
        if match:
            shared.append(watched)
        for name in sorted(watched.left_out) or [watched.map.own_name] * (match is None):
            tell(f"{name} isn't compared: {other.program.name} has none")
    return Comparison(replace(one, maps=tuple(shared)), other)
