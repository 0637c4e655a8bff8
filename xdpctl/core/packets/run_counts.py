"""What became of packets that a program was run on, one by one and all together."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xdpctl.core.machine.model import Map
from xdpctl.core.packets.map_changes import ElementChange
from xdpctl.core.packets.samples import Packet
from xdpctl.core.values.names import VERDICTS


class Run(NamedTuple):
    packet: Packet
    returned: int
    out: bytes
    """The packet as the program left it."""
    effects: tuple[tuple[Map, list[ElementChange]], ...] = ()
    """What changed in maps, where that was looked at after each packet."""

    @property
    def verdict(self) -> str:
        """By name; a number that is none, as it is."""
        return VERDICTS[self.returned] if self.returned < len(VERDICTS) else str(self.returned)


class Sums(NamedTuple):
    packets: int = 0
    bytes: int = 0
    changed: int = 0
    """How many of the packets left the program as others."""


class Tally:
    """Counts what comes by, for each verdict."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Sums] = {}

    def watch(self, runs: Iterable[Run]) -> Iterator[Run]:
        for run in runs:
            packets, length, changed = self.verdicts.get(run.verdict, Sums())
            data = run.packet.data
            self.verdicts[run.verdict] = Sums(packets + 1, length + len(data), changed + (run.out != data))
            yield run
