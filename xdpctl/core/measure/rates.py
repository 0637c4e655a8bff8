"""Samples of counters to rates: how fast each key counts, and what happened to it meanwhile."""

from collections import deque
from collections.abc import Mapping

from msgspec import Struct

HISTORY = 60
"""Intervals that are remembered of each key."""
MISSING_SHOWN = 5
"""Intervals for which a key that has vanished is still shown."""

Label = tuple[str, ...]
"""A key, in words."""
Values = Mapping[str, int]
"""Counts by field."""


class Decrease(Struct, frozen=True):
    """A counter has less than before: somebody set it, or began anew."""

    key: Label
    field: str
    before: int
    now: int


class Series:
    """What one key counted since it was first seen, or all keys together."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.rates: dict[str, float | None] = {}
        """Per second, in the last interval; None where that can't be told."""
        self.increase: dict[str, int] = {}
        self.peaks: dict[str, float] = {}
        self.history: deque[float] = deque(maxlen=HISTORY)
        """Rates of the first field."""
        self.new = False
        self.gone = 0
        """For how many intervals it hasn't been there."""

    def advance(self, values: Values, deltas: Mapping[str, int | None], seconds: float) -> None:
        """The next sample, and by how much each field is more than before."""
        self.values, self.gone = dict(values), 0
        for field, delta in deltas.items():
            self.rates[field] = None if delta is None else delta / seconds
            self.increase[field] = self.increase.get(field, 0) + (delta or 0)
            self.peaks[field] = max(self.peaks.get(field, 0.0), self.rates[field] or 0.0)
        self._remember()

    def miss(self) -> None:
        """It isn't there."""
        self.gone += 1
        self.new = False
        self.rates = dict.fromkeys(self.values)
        self._remember()

    def _remember(self) -> None:
        self.history.append(next(iter(self.rates.values()), None) or 0.0)


class Rates:
    """Of one map."""

    def __init__(self) -> None:
        self.keys: dict[Label, Series] = {}
        self.total = Series()
        self._first: float | None = None
        self._last = 0.0

    @property
    def begun(self) -> bool:
        """Whether there was any sample."""
        return self._first is not None

    @property
    def seconds(self) -> float:
        """From the first sample to the last."""
        return 0.0 if self._first is None else self._last - self._first

    def advance(self, at: float, sample: Mapping[Label, Values]) -> list[Decrease]:
        """The next sample, taken at this time in seconds."""
        if self._first is None:
            self._first = self._last = at
            self._begin(sample)
            return []
        seconds, self._last = at - self._last, at
        fell: list[Decrease] = []
        total: dict[str, int] = {}
        for label, values in sample.items():
            series = self.keys.setdefault(label, Series())
            series.new = not series.values or series.gone > 0
            before = {} if series.new else series.values
            deltas = {field: _delta(before.get(field, 0), now) for field, now in values.items()}
            fell += [Decrease(label, f, before[f], values[f]) for f, delta in deltas.items() if delta is None]
            series.advance(values, deltas, seconds)
            for field, delta in deltas.items():
                total[field] = total.get(field, 0) + (delta or 0)
        self._miss(sample)
        self.total.advance(_sums(sample), total, seconds)
        return fell

    def restart(self) -> None:
        """The map is another one now: what it holds can't be compared with what was before."""
        for series in self.keys.values():
            series.gone = 1

    def _begin(self, sample: Mapping[Label, Values]) -> None:
        for label, values in sample.items():
            self.keys[label] = Series()
            self.keys[label].values = dict(values)
        self.total.values = _sums(sample)

    def _miss(self, sample: Mapping[Label, Values]) -> None:
        for label in [label for label in self.keys if label not in sample]:
            self.keys[label].miss()
            if self.keys[label].gone > MISSING_SHOWN:
                del self.keys[label]


def _delta(before: int, now: int) -> int | None:
    return now - before if now >= before else None


def _sums(sample: Mapping[Label, Values]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for values in sample.values():
        for field, number in values.items():
            sums[field] = sums.get(field, 0) + number
    return sums
