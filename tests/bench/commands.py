"""What xdpctl's verbs take, compared with what has to be done anyway."""

import contextlib
import os
import random
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles

from .lab import ENVIRONMENT, OVER, PIN, XDPCTL, Argv, script, stderr, verdict

TICK = 0.004
"""Seconds between the kernel's ticks, usually."""
NOTHING = (sys.executable, "-c", "pass")
SILENT = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
LAB = f"""
ip link add bench0 type veth peer name bench1
ip link set bench0 up && ip link set bench1 up
{shlex.quote(XDPCTL)} build
{shlex.quote(XDPCTL)} load
bpftool -n map update pinned {PIN}/pkt_cnt key 0 0 0 0 value 1 0 0 0 0 0 0 0
"""

# Start-up is the same main() and command line with the verb's function emptied, after importing all
# that sys.modules holds at the end of a real run, nothing else: a slower start-up than the real one
# would flatter. The clock of both starts after the imports that both begin with, which only add noise.
RECORD = """
import os, sys
from xdpctl.__main__ import main
leave = os._exit
def record(status):
    print(",".join(sys.modules), file=sys.stderr)
    leave(status)
os._exit = record
main()
"""
DRIVER = """
import gc, sys, time
gc.disable()
from xdpctl.__main__ import main
from importlib import import_module
modules, how = sys.argv.pop(1), sys.argv.pop(1)
verb = import_module("xdpctl.cli." + sys.argv[1])
with open("started", "w") as file:
    file.write(str(time.perf_counter()))
if how == "nothing":
    if "sh" in modules.split(","):
        from xdpctl.tools import proc
        proc.ready_to_act()
    for name in modules.split(","):
        import_module(name)
    from functools import wraps
    verb.command = wraps(verb.command)(lambda **_: None)
main()
"""
NOTES = """
Means of the middle 80 % of interleaved runs, in ms; ratio = (xdpctl - start-up) / against.
start-up: Python, importing every module that the command imports in the end (sh, jinja2, ...),
          parsing, exit; what command and start-up begin with alike is in neither number.
by hand:  what `xdpctl --show-commands load --dev` prints, pasted into sh.
"""


@dataclass(frozen=True)
class Case:
    what: str
    against: str = "python -c pass"
    reference: Argv = NOTHING
    directory: str = "."
    """Where the reference is run."""
    target: float = float("inf")
    modules: str = ""
    """What the command imports, if start-up doesn't count."""
    reset: str = ""
    """A script for after xdpctl and after the reference, not measured."""


@dataclass(frozen=True)
class Row:
    case: Case
    xdpctl: float
    start_up: float
    reference: float
    ratio: float
    error: float
    """How far the ratio may be off, from how the rounds differ."""

    @property
    def verdict(self) -> str:
        return verdict(self.ratio, self.error, self.case.target)


def measure(case: Case, rounds: int) -> Row:
    """Everything once in each round, so that what slows the machine slows all alike.

    The reference follows upon the start-up: the kernel attaches a quarter faster when it detached
    just before, so that both ways have to come to it after the same time.
    """
    ours, starts, references = [], [], []
    for _ in range(rounds + 2):
        ours.append(_timed(_driven(case, "work") if case.modules else (XDPCTL, *case.what.split())))
        script(case.reset)
        starts.append(_timed(_driven(case, "nothing")) if case.modules else 0.0)
        references.append(_timed(case.reference, case.directory))
        script(case.reset)
    del ours[:2], starts[:2], references[:2]  # to warm up
    net = [all_ - start for all_, start in zip(ours, starts, strict=True)]
    low, _, high = quantiles([n / r for n, r in zip(net, references, strict=True)], n=4)
    error = 1.57 * (high - low) / rounds**0.5
    ratio = typical(net) / typical(references)
    return Row(case, typical(ours), typical(starts), typical(references), ratio, error)


def typical(times: list[float]) -> float:
    """The mean of the middle four fifths: attaching waits for ticks, between which a median jumps."""
    cut = len(times) // 10
    return mean(sorted(times)[cut : len(times) - cut])


def _driven(case: Case, how: str) -> Argv:
    return (sys.executable, "-c", DRIVER, case.modules, how, *case.what.split())


def _timed(argv: Argv, directory: str = ".") -> float:
    """Milliseconds from a process's start, or from when DRIVER says so, to its end."""
    program = shutil.which(argv[0], path=ENVIRONMENT["PATH"]) or argv[0]
    time.sleep(random.uniform(0, 2 * TICK))  # or a command always comes at the same moment of the tick
    with contextlib.chdir(directory):
        start = time.perf_counter()
        pid = os.posix_spawn(program, argv, ENVIRONMENT, file_actions=SILENT)
        status = os.waitpid(pid, 0)[1]
        end = time.perf_counter()
    if status != 0:
        sys.exit(f"failed: {shlex.join(argv)}")
    if DRIVER in argv:
        start = float(Path("started").read_text())
    return (end - start) * 1000


def _modules(*words: str) -> str:
    return stderr(sys.executable, "-c", RECORD, *words)[-1]


def _cases() -> Iterator[Case]:
    yield Case("--help")
    yield Case("status")
    yield Case("dump pkt_cnt", target=6.5)
    line = stderr(XDPCTL, "--show-commands", "build")[0]
    _cd, directory, _and, *clang = shlex.split(line.strip("()"))
    yield Case("build", "clang alone", tuple(clang), directory, 1.3, _modules("build"))
    load, reset = ("load", "--dev", "bench0"), f"ip link set dev bench0 xdp off; rm -r {PIN}"
    script(reset)
    shown = stderr(XDPCTL, "--show-commands", *load)
    script(reset)
    modules = _modules(*load)
    script(reset)
    by_hand = ("/bin/sh", "-c", " && ".join(shown))
    yield Case(" ".join(load), "the same by hand", by_hand, ".", 1.3, modules, reset)


def _line(row: Row) -> str:
    start_up = f"{-row.start_up:.1f}" if row.start_up else ""
    line = f"{row.case.what:18}{row.xdpctl:8.1f}{start_up:>10}   {row.case.against:16}{row.reference:8.1f}"
    target = "" if row.case.target == float("inf") else f"{row.case.target:8}"
    verdict = "  " + row.verdict if target else ""
    noisy = "  (noisy: the machine is busy)" if row.error > row.ratio / 15 else ""
    return f"{line}{row.ratio:8.2f} ±{row.error:5.2f}{target}{verdict}{noisy}"


def missed(quick: bool) -> bool:
    """Print what the verbs take; tells whether a target is missed."""
    print(f"{'xdpctl':18}{'ms':>8}{'start-up':>10}   {'against':16}{'ms':>8}{'ratio':>8}{'target':>15}")
    script(LAB)
    verdicts = []
    for case in _cases():
        row = measure(case, 9 if quick else 41)
        print(_line(row), flush=True)
        verdicts.append(row.verdict)
    print(NOTES)
    return OVER in verdicts
