"""What became of packets that a program was run on, one by one and all together."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xdpctl.core.machine.model import Map
from xdpctl.core.packets.map_changes import ElementChange
from xdpctl.core.packets.samples import Packet
from xdpctl.core.values.names import VERDICTS, as_returned


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


def no_action(returned: int) -> str:
    """What becomes of a packet whose verdict is no XDP action; nothing of others."""
    if returned < len(VERDICTS):
        return ""
    what = as_returned(returned)
    return f"{what} is no XDP action: the kernel drops such a packet, with a warning in its log"


class Sums(NamedTuple):
    packets: int = 0
    bytes: int = 0
    changed: int = 0
    """How many of the packets left the program as others."""


class Tally:
    """Counts what comes by, for each verdict."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Sums] = {}
        self.no_actions: dict[str, None] = {}
        """What becomes of packets with other verdicts, each once."""

    def watch(self, runs: Iterable[Run]) -> Iterator[Run]:
        for run in runs:
            verdict, data = run.verdict, run.packet.data
            if verdict not in self.verdicts and (told := no_action(run.returned)):
                self.no_actions[told] = None
            packets, length, changed = self.verdicts.get(verdict, Sums())
            self.verdicts[verdict] = Sums(packets + 1, length + len(data), changed + (run.out != data))
            yield run
