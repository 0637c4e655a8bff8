"""What counters cost per packet, by `xdpctl bench`."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from xdpctl.core.measure.bench import Ratio, Timing, ratio

from .lab import ENVIRONMENT, OVER, XDPCTL, verdict

COUNTED = """
ns per packet by `xdpctl bench`: 64 bytes of UDP, packets and bytes counted; medians of rounds."""


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


def missed(quick: bool) -> bool:
    """Print what counting costs; tells whether a target is missed."""
    found = _of_several_loads(2 if quick else 5)
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
