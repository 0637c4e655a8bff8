"""The pace of a watch."""

from itertools import islice

from xdpctl.ops.watch import Clock, ticks


class Time:
    """Every look at the clock takes a moment, and reading takes what it is told."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.said: list[str] = []

    def now(self) -> float:
        self.time += 0.001
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds) + 0.0005

    def samples(self, interval: float, count: int | None, reading: list[float]) -> list[float]:
        """When the samples are taken, from the first on."""
        found: list[float] = []
        for _, seconds in zip(ticks(interval, count, Clock(self.now, self.sleep), self.said.append), reading):  # noqa: B905
            found.append(round(self.time - 1000, 2))
            self.time += seconds
        return found


def test_nothing_adds_up() -> None:
    time = Time()
    at = time.samples(1.0, 100, [0.01] * 200)
    assert at == [float(n) for n in range(101)]
    assert time.said == []


def test_late_samples_are_left_out_and_told() -> None:
    time = Time()
    assert time.samples(1.0, None, [0.1, 2.5, 0.1, 0.1]) == [0.0, 1.0, 4.0, 5.0]
    assert time.said == ["reading takes longer than 1 s: 2 left out"]


def test_a_late_sample_may_be_behind_the_last_one() -> None:
    time = Time()
    assert time.samples(1.0, 2, [3.5, *[0.1] * 9]) == [0.0, 4.0]
    assert time.said == ["reading takes longer than 1 s: 3 left out"]


def test_a_count_is_of_intervals() -> None:
    assert len(Time().samples(0.5, 1, [0.0] * 9)) == 2
    assert list(islice(Time().samples(0.5, None, [0.0] * 3), 9)) == [0.0, 0.5, 1.0]
