"""What is asked of a sender, and what came of it."""

import re
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from xdpctl.errors import BadRequest

_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kmg]?)", re.I)
_THOUSANDS = {"": 0, "k": 3, "m": 6, "g": 9}
SLOWEST, FASTEST = Decimal("0.01"), Decimal(10**9)


def packets_a_second(text: str) -> float:
    """A rate as people write it: 500, 10k, 1.5M."""
    found = _RATE.fullmatch(text)
    rate = Decimal(found[1]) * 10 ** _THOUSANDS[found[2].lower()] if found else Decimal(0)
    if not SLOWEST <= rate <= FASTEST:
        hint = "write packets per second: 500, 10k or 1M" if not found else f"it is from {SLOWEST} to 1G"
        raise BadRequest(f"--rate can't be {text[:60]!r}", hint)
    return float(rate)


class XdpActions(Struct, frozen=True):
    """What became of packets by the program at the other end, in native mode."""

    dropped: int
    sent_back: int
    redirected: int


class Received(Struct, frozen=True):
    """What the other end received while packets were sent."""

    device: str
    netns: str
    packets: int
    xdp: XdpActions


class Sent(Struct, frozen=True):
    device: str
    netns: str
    packets: int
    """So many were handed to the device."""
    bytes: int
    seconds: float
    lost: int
    """Of those: the device dropped them, or its other end had no room."""
    live_frames: bool
    """Else they went through a packet socket."""
    interrupted: bool
    received: Received | None = None
    """None where nothing is known of another end."""

    @property
    def rate(self) -> float:
        return self.packets / self.seconds if self.seconds else 0.0

    @property
    def missing(self) -> int:
        """How many more went out than came in at the other end; below 0 others send there too."""
        return self.packets - self.lost - self.received.packets if self.received else 0


def xdp_of(before: Mapping[str, int], after: Mapping[str, int]) -> XdpActions:
    """From what the driver counts for each queue."""
    return XdpActions(
        dropped=grown(before, after, "rx", "xdp_drops"),
        sent_back=grown(before, after, "rx", "xdp_tx"),
        redirected=grown(before, after, "rx", "xdp_redirect"),
    )


def grown(before: Mapping[str, int], after: Mapping[str, int], way: str, what: str) -> int:
    """Over all queues."""
    names = (name for name in after if re.fullmatch(rf"{way}_queue_\d+_{what}", name))
    return sum(after[name] - before.get(name, 0) for name in names)
