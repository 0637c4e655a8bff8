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
        return verdict_of(self.returned)


def verdict_of(returned: int) -> str:
    """By name; a number that is none, as it is."""
    return VERDICTS[returned] if returned < len(VERDICTS) else str(returned)


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
        self._counts: dict[int, list[int]] = {}
        """Packets, bytes, and how many changed, by what the program returned."""

    @property
    def verdicts(self) -> dict[str, Sums]:
        return {verdict_of(returned): Sums(*counts) for returned, counts in self._counts.items()}

    @property
    def no_actions(self) -> tuple[str, ...]:
        """What becomes of packets with other verdicts, each once."""
        return tuple(filter(None, map(no_action, self._counts)))

    def watch(self, runs: Iterable[Run]) -> Iterator[Run]:
        for run in runs:
            data, counts = run.packet.data, self._counts.get(run.returned)
            if counts is None:
                counts = self._counts[run.returned] = [0, 0, 0]
            counts[0] += 1
            counts[1] += len(data)
            if run.out is not data and run.out != data:
                counts[2] += 1
            yield run
