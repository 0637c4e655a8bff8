"""The frames that are sent: all packets in one flow, then in the next, then from the first again."""

from collections.abc import Callable, Iterator
from itertools import cycle

from msgspec import Struct

from xdpctl.core.packets.flows import varied
from xdpctl.core.packets.survey import Survey
from xdpctl.errors import FileUnusable
from xdpctl.tools.files.captures import Source

HELD, PLACES = 1 << 25, 1 << 18
"""Bytes, and number, of frames that are held at once; of more, those are made that are sent next."""


class Frames(Struct, frozen=True):
    source: Source
    survey: Survey
    longest: int
    """Longer packets aren't sent."""
    flows: int

    @property
    def number(self) -> int:
        """How many there are until the first comes again."""
        return self.survey.runs * self.flows

    @property
    def places(self) -> int:
        """How many of them are held at once."""
        return max(1, min(self.number, PLACES, HELD // self.survey.longest))

    def all(self) -> Iterator[bytes]:
        """Without end."""
        return cycle(self._once()) if self.number == self.places else self._anew()

    def _anew(self) -> Iterator[bytes]:
        while True:
            some = False
            for frame in self._once():
                some = True
                yield frame
            if not some:
                raise FileUnusable("the packets have gone from the capture meanwhile")

    def _once(self) -> Iterator[bytes]:
        if self.flows == 1:
            yield from (packet.data for packet in self.source.runs(self.longest))
            return
        given = [varied(packet.data) for packet in self.source.given]
        for flow in range(self.flows):
            yield from (vary(flow) for vary in (given or self._of_capture()))

    def _of_capture(self) -> Iterator[Callable[[int], bytes]]:
        return (varied(packet.data) for packet in self.source.runs(self.longest))
