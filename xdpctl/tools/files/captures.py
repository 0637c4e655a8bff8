"""Where packets to run come from: given one by one, or a capture on disk."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import repeat
from pathlib import Path

from msgspec import Struct

from xdpctl.core.packets import pcap
from xdpctl.core.packets.samples import Packet, reason_not_to_run
from xdpctl.errors import BadRequest, FileUnusable


class Survey(Struct, frozen=True):
    """What is known of all packets before the first is run."""

    runs: int
    not_run: Mapping[str, int]
    """Why packets can't be run, and how many of them."""
    cut: int
    """Packets of which the capture holds only the beginning."""
    widest: int
    """How long the longest name of a packet is."""


class Source(Struct, frozen=True):
    given: tuple[Packet, ...] = ()
    capture: Path | None = None
    repeat: int = 1
    """How often each packet is run."""

    def runs(self, longest: int) -> Iterator[Packet]:
        """Those that can be run, each as often as is asked for."""
        for packet in self._packets():
            if not reason_not_to_run(packet, longest):
                yield from repeat(packet, self.repeat)

    def survey(self, longest: int) -> Survey:
        """Reads all of it, so that what is damaged fails here; a wrong packet that was given is refused."""
        runs = cut = widest = 0
        not_run: Counter[str] = Counter()
        for packet in self._packets():
            reason = reason_not_to_run(packet, longest)
            if reason and self.capture is None:
                raise BadRequest(f"packet {packet.name} can't be run: it is {reason}")
            if reason:
                not_run[reason] += 1
                continue
            runs += self.repeat
            cut += packet.length > len(packet.data)
            widest = max(widest, len(packet.name))
        if not runs:
            reasons = [
                f"{count} {'is' if count == 1 else 'are'} {reason}" for reason, count in not_run.items()
            ]
            raise BadRequest(f"{self.capture} holds no packet that can be run", *reasons)
        return Survey(runs, dict(not_run), cut, widest)

    def _packets(self) -> Iterator[Packet]:
        return iter(self.given) if self.capture is None else packets(self.capture)


def packets(path: Path) -> Iterator[Packet]:
    """As they come; a file of any size will do."""
    if path.exists() and not path.is_file():
        raise BadRequest(f"{path} is no file, and it is read twice", "save the packets in a file first")
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise FileUnusable(f"{path} can't be read: {error.strerror}") from error
        yield from pcap.packets(file, str(path))
