"""A program that runs on packets, and what each of them changes in its maps."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from xdpctl.core.machine.model import Map, Program
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Layout
from xdpctl.core.maps.refusals import NotTold
from xdpctl.core.packets import map_changes
from xdpctl.core.packets.map_changes import ElementChange, MapContent
from xdpctl.core.packets.run_counts import Run
from xdpctl.core.packets.samples import Packet
from xdpctl.tools.maps import content, types
from xdpctl.tools.maps.find import exact_map
from xdpctl.tools.programs.test_run import Running


class WatchedMap:
    """A map of the program, and what it held before."""

    def __init__(self, map_: Map, layout: Layout, before: MapContent) -> None:
        self.map, self.layout = map_, layout
        self._before = self._last = before

    def since_last(self) -> list[ElementChange]:
        """What changed since it was asked before."""
        chunks = list(content.start(self.map))
        found = map_changes.changes(self._last, chunks, self.layout)
        self._last = _remembered(self.map, chunks)
        return [change for batch in self._of_variables(found) for change in batch]

    def changes(self) -> Iterator[list[ElementChange]]:
        """What changed from the beginning."""
        return self._of_variables(map_changes.changes(self._before, content.start(self.map), self.layout))

    def _of_variables(self, found: Iterator[list[ElementChange]]) -> Iterator[list[ElementChange]]:
        if not self.map.internal:
            return found
        return ([v for change in batch for v in map_changes.of_variables(change)] for batch in found)


def watched(program: Program, tell: Callable[[str], None]) -> Iterator[WatchedMap]:
    """Its maps as they are before it runs; none that hold constants."""
    for id_ in program.map_ids:
        map_ = exact_map(f"id:{id_}").map
        if ".rodata" in map_.name:
            continue
        try:
            layout = types.layout(map_, types.of(map_), raw=False)
            yield WatchedMap(map_, layout, _remembered(map_, content.start(map_)))
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
