"""The runs of programs, in rounds, and what they took."""

import random
from collections.abc import Sequence

from xdpctl.core.machine.model import Argv
from xdpctl.core.measure import bench
from xdpctl.ops.bench._programs import MODES, BenchProgram, Mode
from xdpctl.tools import host
from xdpctl.tools.maps import content
from xdpctl.tools.maps.find import pinned_map
from xdpctl.tools.programs import timed_runs

MOST = 2_000_000
BUDGET = 0.25
"""Packets and seconds of one run, unless it is said how many."""
WARM_UP = 10_000


class Runs:
    """The runs of one program, on one CPU or on all at once, and what they took."""

    def __init__(self, program: BenchProgram, mode: Mode, cpus: tuple[int, ...]) -> None:
        self.program, self.mode, self.cpus = program, mode, cpus
        self.ran = 0
        self.seconds: list[float] = []

    def commands(self, repeat: int) -> list[Argv]:
        pin = self.program.pin(self.mode)
        return [timed_runs.command(pin, cpu, repeat) for cpu in self.cpus]

    def run(self, repeat: int) -> tuple[int, ...]:
        """One run on each CPU; gives the nanoseconds per packet that bpftool tells."""
        self.ran += repeat * len(self.cpus)
        return timed_runs.at_once(self.commands(repeat))

    def time(self, repeat: int) -> float:
        """The same; gives the CPU time of one in seconds."""
        before = host.seconds_of_children()
        self.run(repeat)
        return (host.seconds_of_children() - before) / len(self.cpus)

    def timing(self, start_up: Sequence[float], repeat: int) -> bench.Timing:
        samples = bench.per_packet(self.seconds, start_up, repeat)
        return bench.Timing(samples, self.ran, self._counted())

    def _counted(self) -> int | None:
        counts = self.program.counts
        if counts is None:
            return None
        path = f"{self.program.maps(self.mode)}/{counts.map}"
        found = content.through_bpftool(pinned_map(path), "pinned", path)
        return bench.counted(found, counts.position, counts.unit)


def measure(
    programs: Sequence[BenchProgram], cpus: tuple[int, ...], rounds: int, repeat: int | None
) -> bench.Report:
    """Every program in each round, on one CPU and on all, in an order that chance makes."""
    pairs = [(Runs(p, "one", cpus[:1]), Runs(p, "all", cpus)) for p in programs]
    repeats = [repeat or _repeat(on_all) for _, on_all in pairs]
    tasks = [(runs, packets) for pair, packets in zip(pairs, repeats, strict=True) for runs in pair]
    start_up: dict[Mode, list[float]] = {mode: [] for mode in MODES}
    before = _cpu_time()
    for _ in range(rounds):
        for runs in pairs[0]:
            start_up[runs.mode].append(runs.time(bench.SHORT))
        for runs, packets in random.sample(tasks, len(tasks)):
            runs.seconds.append(runs.time(packets))
    used = [late - early for late, early in zip(_cpu_time(), before, strict=True)]
    empty, *others = [
        bench.Measured(p.name, n, one.timing(start_up["one"], n), on_all.timing(start_up["all"], n))
        for p, n, (one, on_all) in zip(programs, repeats, pairs, strict=True)
    ]
    return bench.Report(
        kernel=host.kernel(),
        cpus=len(cpus),
        rounds=rounds,
        busy=bench.share_of_others(*used),
        empty=empty,
        programs=tuple(others),
    )


def _cpu_time() -> tuple[float, float, float]:
    """How long CPUs were busy, how long there were CPUs, and how much of it was ours, in seconds."""
    return (*host.cpu_seconds(), host.own_seconds())


def _repeat(runs: Runs) -> int:
    """How many packets are enough for this program, from how long some take on all CPUs at once."""
    return bench.repeat_for(max(runs.run(WARM_UP)), MOST, BUDGET)
