"""How fast xdpctl is, and its counters: ratios, measured side by side (`make bench`).

First what its verbs take, compared with what has to be done anyway; then what `xdpctl bench` finds
of what packets cost.

Needs root. All of it runs in mount and network namespaces of its own, which end with it. The exit
status is 1 where a target is missed.
"""

import argparse
import contextlib
import gc
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from xdpctl.core.bench import Ratio, Timing, ratio

Argv = tuple[str, ...]

OUTSIDE = "XDPCTL_BENCH_OUTSIDE"
"""Tells the run inside which network namespace was left."""
OVER = "OVER"
TICK = 0.004
"""Seconds between the kernel's ticks, usually."""
PIN = "/sys/fs/bpf/ebpf"
XDPCTL = str(Path(sys.executable).parent / "xdpctl")
NOTHING = (sys.executable, "-c", "pass")
ENVIRONMENT = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"}
SILENT = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
LAB = f"""
mount -t tmpfs tmpfs /run
mount -t bpf bpf /sys/fs/bpf
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
COUNTED = """
ns per packet by `xdpctl bench`: 64 bytes of UDP, packets and bytes counted; medians of rounds."""


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


def verdict(ratio: float, error: float, target: float) -> str:
    if ratio <= target:
        return "ok"
    return OVER if ratio - error > target else "over, within the noise"


def measure(case: Case, rounds: int) -> Row:
    """Everything once in each round, so that what slows the machine slows all alike.

    The reference follows upon the start-up: the kernel attaches a quarter faster when it detached
    just before, so that both ways have to come to it after the same time.
    """
    ours, starts, references = [], [], []
    for _ in range(rounds + 2):
        ours.append(_timed(_driven(case, "work") if case.modules else (XDPCTL, *case.what.split())))
        _script(case.reset)
        starts.append(_timed(_driven(case, "nothing")) if case.modules else 0.0)
        references.append(_timed(case.reference, case.directory))
        _script(case.reset)
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


def _script(lines: str) -> None:
    if lines:
        _stderr("/bin/sh", "-ec", lines)


def _stderr(*argv: str) -> list[str]:
    done = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"failed: {shlex.join(argv)}\n{done.stderr}")
    return done.stderr.splitlines()


def _modules(*words: str) -> str:
    return _stderr(sys.executable, "-c", RECORD, *words)[-1]


def _cases() -> Iterator[Case]:
    yield Case("--help")
    yield Case("status")
    yield Case("dump pkt_cnt", target=6.5)
    line = _stderr(XDPCTL, "--show-commands", "build")[0]
    _cd, directory, _and, *clang = shlex.split(line.strip("()"))
    yield Case("build", "clang alone", tuple(clang), directory, 1.3, _modules("build"))
    load, reset = ("load", "--dev", "bench0"), f"ip link set dev bench0 xdp off; rm -r {PIN}"
    _script(reset)
    shown = _stderr(XDPCTL, "--show-commands", *load)
    _script(reset)
    modules = _modules(*load)
    _script(reset)
    by_hand = ("/bin/sh", "-c", " && ".join(shown))
    yield Case(" ".join(load), "the same by hand", by_hand, ".", 1.3, modules, reset)


def _line(row: Row) -> str:
    start_up = f"{-row.start_up:.1f}" if row.start_up else ""
    line = f"{row.case.what:18}{row.xdpctl:8.1f}{start_up:>10}   {row.case.against:16}{row.reference:8.1f}"
    target = "" if row.case.target == float("inf") else f"{row.case.target:8}"
    verdict = "  " + row.verdict if target else ""
    noisy = "  (noisy: the machine is busy)" if row.error > row.ratio / 15 else ""
    return f"{line}{row.ratio:8.2f} ±{row.error:5.2f}{target}{verdict}{noisy}"


@dataclass(frozen=True)
class Program:
    """What `xdpctl bench --json` says of one."""

    one: Timing
    all: Timing
    lost: int | None


def _programs(*words: str) -> dict[str, Program]:
    done = subprocess.run((XDPCTL, "bench", "--json", *words), env=ENVIRONMENT, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit("failed: xdpctl bench")
    said = json.loads(done.stdout)
    for reason in said["noise"]:
        print(f"(noisy: {reason})")
    return {p["name"]: Program(_timing(p["one"]), _timing(p["all"]), p["lost"]) for p in said["programs"]}


def _of_several_loads(loads: int) -> dict[str, Program]:
    """Each loaded anew: where the kernel puts a program makes it up to 1 ns faster or slower."""
    runs = [_programs("--rounds", "3") for _ in range(loads)]
    return {
        name: Program(
            _joined([run[name].one for run in runs]),
            _joined([run[name].all for run in runs]),
            sum(run[name].lost or 0 for run in runs),
        )
        for name in runs[0]
    }


def _joined(timings: list[Timing]) -> Timing:
    samples = tuple(sample for timing in timings for sample in timing.samples)
    return Timing(samples, sum(timing.ran for timing in timings), None)


def _timing(said: dict[str, Any]) -> Timing:
    return Timing(tuple(said["samples"]), said["ran"], said["counted"])


def counters_miss(loads: int) -> bool:
    """Print what counting costs; tells whether a target is missed."""
    found = _of_several_loads(loads)
    print(f"{'counter':24}{'ns':>8}   {'against':22}{'ns':>8}{'ratio':>8}{'target':>15}")
    empty, recommended = found["empty"], found["percpu_array verdict"]
    by_hash = found["percpu_hash total"]
    parsing = max(1.07, 1 + 1.5 / recommended.one.ns)  # 7 %, or 1.5 ns
    lines = (
        ("percpu_array verdict", recommended.one, "empty program", empty.one, 1.10),
        ("the same, all CPUs", recommended.all, "one CPU", recommended.one, 1.05),
        ("percpu_hash total", by_hash.one, "empty program", empty.one, 2.3),
        ("percpu_array ip_proto", found["percpu_array ip_proto"].one, "by verdict", recommended.one, parsing),
        ("percpu_hash flow", found["percpu_hash flow"].one, "percpu_hash total", by_hash.one, 1.15),
    )
    verdicts = [_compared(*line) for line in lines]
    verdicts += [_lost("all of the family", found, *found)]
    race = _programs("--race", "--rounds", "3")
    verdicts += [_lost("race", race, "atomic additions", "per-CPU additions")]
    print(f"{'plain additions (race)':24}{race['plain additions'].lost:8} lost, never generated")
    print(COUNTED)
    return OVER in verdicts


def _compared(what: str, of: Timing, against: str, to: Timing, target: float) -> str:
    found: Ratio = ratio(of, to)
    said = verdict(found.value, found.error, target)
    figures = f"{found.value:8.2f} ±{found.error:5.2f}{target:8.2f}"
    print(f"{what:24}{of.ns:8.1f}   {against:22}{to.ns:8.1f}{figures}  {said}", flush=True)
    return said


def _lost(what: str, programs: dict[str, Program], *names: str) -> str:
    lost = sum(programs[name].lost or 0 for name in names)
    ran = sum(programs[name].one.ran + programs[name].all.ran for name in names)
    said = "ok" if lost == 0 else OVER
    print(f"{what:24}{lost:8} lost of {ran} counts, target 0  {said}")
    return said


def _in_lab() -> int:
    """The same again, in namespaces of which nothing shows outside."""
    outside = {OUTSIDE: os.readlink("/proc/self/ns/net")}
    unshare = ("unshare", "--mount", "--net", "--propagation", "private", "--", sys.executable)
    return subprocess.run((*unshare, *sys.argv), env={**os.environ, **outside}).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    rounds = 9 if quick else 41
    if os.geteuid() != 0:
        sys.exit("the bench loads programs, in namespaces of its own: run it as root")
    if os.environ.get(OUTSIDE, "") in ("", os.readlink("/proc/self/ns/net")):
        return _in_lab()
    gc.disable()
    print(f"{'xdpctl':18}{'ms':>8}{'start-up':>10}   {'against':16}{'ms':>8}{'ratio':>8}{'target':>15}")
    missed = False
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        _script(LAB)
        for case in _cases():
            row = measure(case, rounds)
            print(_line(row), flush=True)
            missed |= row.verdict == OVER
        print(NOTES)
        missed |= counters_miss(2 if quick else 5)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
