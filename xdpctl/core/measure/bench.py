"""How long packets took, to figures that can be compared; and whether these can be trusted."""

import math
from collections.abc import Iterable, Sequence
from statistics import median, quantiles

from msgspec import Struct

from xdpctl.core.btf.columns import Leaf
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.values.formats import unsigned

SHORT = 2
"""Packets of the run that shows what it takes to begin and end: one less, and the kernel begins otherwise."""
SPREAD_LIMIT = 0.05
BUSY_LIMIT = 0.1


class Ratio(Struct, frozen=True):
    value: float
    error: float
    """How far it may be off, from how the rounds differ."""


class Timing(Struct, frozen=True):
    """What a program took on one CPU, or on all at once."""

    samples: tuple[float, ...]
    """Nanoseconds per packet, one figure for each round."""
    ran: int
    counted: int | None
    """None where no map tells how many packets there were."""

    @property
    def ns(self) -> float:
        return median(self.samples)

    @property
    def error(self) -> float:
        return _error(self.samples)

    @property
    def spread(self) -> float:
        """How far apart the middle half of the rounds lies, as a share of their median."""
        return _quartile_distance(self.samples) / self.ns

    @property
    def lost(self) -> int | None:
        return None if self.counted is None else self.ran - self.counted


class Measured(Struct, frozen=True):
    name: str
    repeat: int
    """Packets of one run on one CPU."""
    one: Timing
    all: Timing

    @property
    def lost(self) -> int | None:
        if self.one.lost is None or self.all.lost is None:
            return None
        return self.one.lost + self.all.lost

    @property
    def growth(self) -> Ratio:
        """What a packet takes on all CPUs at once, compared with one."""
        return ratio(self.all, self.one)


class Report(Struct, frozen=True):
    kernel: str
    cpus: int
    rounds: int
    busy: float
    """Which share of the machine others used meanwhile."""
    empty: Measured
    programs: tuple[Measured, ...]

    @property
    def noise(self) -> tuple[str, ...]:
        """Why the figures can't be trusted; nothing where they can."""
        reasons = []
        if self.busy > BUSY_LIMIT:
            share = f"others used {100 * self.busy:.0f} % of the CPUs meanwhile"
            reasons.append(f"{share}, so what runs at once did so only in part")
        shaky = [m for m in (self.empty, *self.programs) if m.one.spread > SPREAD_LIMIT]
        if shaky:
            worst = max(shaky, key=lambda m: m.one.spread)
            reasons.append(f"rounds of {worst.name!r} differ by {100 * worst.one.spread:.0f} %")
        return tuple(reasons)


def ratio(of: Timing, to: Timing) -> Ratio:
    """Round by round, so that what slowed a round slowed both."""
    ratios = [a / b for a, b in zip(of.samples, to.samples, strict=True)]
    return Ratio(median(ratios), _error(ratios))


def per_packet(seconds: Sequence[float], start_up: Sequence[float], repeat: int) -> tuple[float, ...]:
    """Nanoseconds per packet, from runs of `repeat` packets and others of SHORT."""
    rest = median(start_up)
    return tuple(max((s - rest) / (repeat - SHORT) * 1e9, 0.01) for s in seconds)


def repeat_for(nanoseconds: int, most: int, budget: float) -> int:
    """How many packets a run can have, if it shall last no longer than the budget in seconds."""
    return min(most, max(1000, int(budget * 1e9 / max(nanoseconds, 1))))


def share_of_others(busy: float, total: float, own: float) -> float:
    """Which share of all CPU time others took, from seconds."""
    return max(0.0, busy - own) / total if total > 0 else 0.0


def counted(chunks: Iterable[Chunk], position: int, unit: int) -> int:
    """The packets of all elements and CPUs: a u64 at this position in each value, in units of one."""
    counts = Leaf(8, unsigned, "Q")
    found = (counts.values(chunk.values, chunk.stride, 8 * position) for chunk in chunks)
    return sum(map(sum, found)) // unit  # type: ignore[arg-type]


def _error(values: Sequence[float]) -> float:
    """Medians whose ranges of so much up and down don't meet differ, in 19 of 20 cases."""
    return 1.57 * _quartile_distance(values) / math.sqrt(len(values))


def _quartile_distance(values: Sequence[float]) -> float:
    if len(values) < 4:
        return max(values) - min(values)
    low, _, high = quantiles(values, n=4)
    return high - low
