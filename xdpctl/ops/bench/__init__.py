"""Measure programs side by side, by `bpftool prog run`.

All of it happens in a mount namespace of its own, with a tmpfs and a bpffs that end with it. The
figures are of CPU time: it knows nothing of other processes, nor of waiting for the kernel to set
up a run, and is finer than the whole nanoseconds that bpftool prints.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from xdpctl.core.measure.bench import Report
from xdpctl.core.measure.variants import EMPTY, FAMILY, PACKET, RACE
from xdpctl.core.plan import actions
from xdpctl.core.plan.plan import Plan, step
from xdpctl.ops import apply
from xdpctl.ops.bench._measure import MOST, Runs, measure
from xdpctl.ops.bench._programs import BenchProgram, from_file, from_variant, make
from xdpctl.tools import executables, host, mountns
from xdpctl.tools.programs import timed_runs


class Prepared(Struct, frozen=True):
    programs: tuple[BenchProgram, ...]
    """The first is the empty one."""
    cpus: tuple[int, ...]
    rounds: int
    repeat: int | None

    @property
    def setting(self) -> Plan:
        return (
            mountns.TMPFS,
            timed_runs.writing(PACKET),
            *mountns.BPFFS,
            *(actions.make_directory(str(program.directory)) for program in self.programs),
        )

    @property
    def plan(self) -> Plan:
        """All that would be done, in order; measuring is shown once."""
        steps = [mountns.ENTERING, *self.setting]
        for program in self.programs:
            steps += (*program.making, *program.loading)
        repeat = self.repeat or MOST
        for program in self.programs:
            what = f"run {program.name}, {self.rounds} times with {repeat} packets on "
            [on_one] = Runs(program, "one", self.cpus[:1]).commands(repeat)
            steps.append(step(what + "one CPU", on_one))
            on_all = Runs(program, "all", self.cpus).commands(repeat)
            steps += [step(what + "all CPUs at once", argv) for argv in on_all]
        return tuple(steps)


def prepare(files: Sequence[Path], race: bool, rounds: int, repeat: int | None, chosen: str = "") -> Prepared:
    """What is to be measured: the files, the race, or the family; nothing is written yet.

    Of several XDP programs in a file, it is the chosen one.
    """
    others = [from_file(file, i, chosen) for i, file in enumerate(files, 1)]
    if not others:
        others = [from_variant(variant, i) for i, variant in enumerate(RACE if race else FAMILY, 1)]
    return Prepared((from_variant(EMPTY, 0), *others), host.cpus(), rounds, repeat)


def run(prepared: Prepared, tell: Callable[[str], None]) -> Report:
    host.require_privileges()
    executables.executable("taskset")
    mountns.enter()
    _do(prepared.setting)
    for program in prepared.programs:
        tell(make(program))
        _do(program.loading)
    tell(f"# measuring {len(prepared.programs)} programs, {prepared.rounds} rounds")
    return measure(prepared.programs, prepared.cpus, prepared.rounds, prepared.repeat)


def _do(steps: Plan) -> None:
    """What fails needs no undoing: it all ends with the namespace."""
    apply.run(apply.Operation(steps))
