"""Maps: a million entries read and written beside bpftool, and many maps again and again."""

import os
import resource
import shlex
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

from xdpctl.tools import clang

from .lab import ENVIRONMENT, OVER, XDPCTL, Argv, script, verdict

ENTRIES = 1_000_000
ELEMENTS = Path(__file__).parent.parent / "kernel" / "elements.py"
TYPES = ("hash", "percpu_hash")
WATCHED = 100
HALVES = ("left", "right")
"""A program has room for 64 maps."""
PINS = "/sys/fs/bpf/bench"
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct counts { __u64 packets, bytes; };
%s
SEC("xdp") int xdp_%s(struct xdp_md *ctx)
{
	struct counts *counts;
	__u32 key = 0;
%s
	return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""
MAP = """struct {
	__uint(type, BPF_MAP_TYPE_%s);
	__uint(max_entries, %d);
	__type(key, __u32);
	__type(value, struct counts);
} %s SEC(".maps");
"""
NOTES = """
Medians of interleaved runs. MB is what xdpctl itself needs at most; bpftool runs beside it.
CPU is what a watch takes without its start-up; late is the sample that is farthest from its time.
"""
MEGABYTES = 64
SECONDS = 5.0
"""For a million elements that are written or deleted."""
CPU = 2.0
LATE = 2.0


@dataclass(frozen=True)
class Run:
    seconds: float
    megabytes: float


def missed(quick: bool) -> bool:
    """Print what reading and writing costs; tells whether a target is missed."""
    found = [_dumps(map_type, 3 if quick else 7) for map_type in TYPES]
    found.append(_batches())
    found.append(_watch(20 if quick else 100))
    print(NOTES)
    return any(found)


def _dumps(map_type: str, rounds: int) -> bool:
    _load("big", [(map_type.upper(), 1 << 20)])
    slots = os.cpu_count() if "percpu" in map_type else 1
    pin = f"{PINS}/big0"
    script(shlex.join([sys.executable, str(ELEMENTS), "fill", pin, str(ENTRIES), "16", str(slots)]))
    bpftool: Argv = ("bpftool", "-j", "-n", "map", "dump", "pinned", pin)
    ours = {via: (XDPCTL, "dump", pin, "--json", "--via", via) for via in ("batch", "bpftool")}
    runs = [
        (_run(bpftool, os.devnull), *(_run(argv, "out") for argv in ours.values())) for _ in range(rounds)
    ]
    script(f"rm -r {PINS}")
    reference, *others = zip(*runs, strict=True)
    print(f"{'a million entries':28}{'s':>6}   {'against':20}{'s':>6}{'ratio':>8}{'target':>15}   {'MB':>4}")
    return OVER in [
        _told(f"{map_type}, via {via}", found, reference, target)
        for via, found, target in zip(ours, others, (0.6, 1.4), strict=True)
    ]


def _told(what: str, ours: tuple[Run, ...], reference: tuple[Run, ...], target: float) -> str:
    ratios = [run.seconds / other.seconds for run, other in zip(ours, reference, strict=True)]
    low, _, high = quantiles(ratios, n=4)
    error = 1.57 * (high - low) / len(ratios) ** 0.5
    ratio = median(ratios)
    said = verdict(ratio, error, target)
    peak = max(run.megabytes for run in ours)
    if peak > MEGABYTES:
        said = OVER
    seconds, against = (median(run.seconds for run in runs) for runs in (ours, reference))
    compared = f"{seconds:6.2f}   {'bpftool > /dev/null':20}{against:6.2f}{ratio:8.2f} ±{error:5.2f}"
    print(f"{what:28}{compared}{target:8.2f}  {peak:4.0f}  {said}", flush=True)
    return said


def _batches() -> bool:
    """The same million by `map set --batch` and by bpftool's batch, then taken away again."""
    _load("big", [("HASH", 1 << 20)])
    pin = f"{PINS}/big0"
    with open("big.csv", "w") as csv, open("big.jsonl", "w") as lines:
        csv.write("key,packets,bytes\n")
        for n in range(ENTRIES):
            csv.write(f"{n},{n * 7},{n * 9}\n")
            lines.write(f'{{"key":{n},"value":{{"packets":{n * 7},"bytes":{n * 9}}}}}\n')
    for verb in ("update", "delete"):
        with open(f"big.{verb}", "w") as batch:
            for n in range(ENTRIES):
                batch.write(_line(verb, pin, n))
    print(f"{'a million elements':28}{'s':>6}   {'bpftool batch':20}{'s':>6}{'target':>15}   {'MB':>4}")
    told = []
    for verb, word in (("update", "set"), ("delete", "delete")):
        theirs = _run(("bpftool", "-j", "batch", "file", f"big.{verb}"), os.devnull)
        for form in ("csv", "jsonl"):
            script(shlex.join([sys.executable, str(ELEMENTS), "fill", pin, str(ENTRIES), "16", "1"]))
            ours = _run((XDPCTL, "map", word, pin, "--batch", f"big.{form}"), "out")
            told.append(_batch_told(f"map {word} --batch, {form}", ours, theirs))
        if word == "set":
            script(f"{XDPCTL} dump {pin} --save big.saved && {XDPCTL} map clear {pin}")
            told.append(
                _batch_told("map restore", _run((XDPCTL, "map", "restore", "big.saved", pin), "out"), theirs)
            )
    script(f"rm -r {PINS}")
    return OVER in told


def _line(verb: str, pin: str, n: int) -> str:
    key = n.to_bytes(4, sys.byteorder).hex(" ")
    value = b"".join(count.to_bytes(8, sys.byteorder) for count in (n * 7, n * 9)).hex(" ")
    return f"map {verb} pinned {pin} key hex {key}{f' value hex {value}' if verb == 'update' else ''}\n"


def _batch_told(what: str, ours: Run, theirs: Run) -> str:
    said = "ok" if ours.seconds <= SECONDS and ours.megabytes <= MEGABYTES else OVER
    seconds = f"{ours.seconds:6.2f}   {'':20}{theirs.seconds:6.2f}{SECONDS:15.2f}"
    print(f"{what:28}{seconds}  {ours.megabytes:4.0f}  {said}", flush=True)
    return said


def _watch(ticks: int) -> bool:
    for half in HALVES:
        _load(half, [("PERCPU_ARRAY", 5)] * (WATCHED // 2))
    maps = [f"{PINS}/{half}{n}" for half in HALVES for n in range(WATCHED // 2)]
    counts = [_cpu_of((XDPCTL, "watch", *maps, "--count", str(count), "--csv")) for count in (1, ticks + 1)]
    script(f"rm -r {PINS}")
    cpu = 100 * (counts[1] - counts[0]) / ticks
    lines = Path("out").read_text().splitlines()[1:]
    late = _latest(list(dict.fromkeys(line.split(",")[0] for line in lines)))
    print(f"{f'watch {WATCHED} maps at 1 s':28}{ticks:4} intervals")
    told = [_limited("CPU", cpu, "%", CPU), _limited("late", late, "ms", LATE)]
    return OVER in told


def _latest(times: list[str]) -> float:
    """Milliseconds by which a sample is away from its second."""
    seconds = [datetime.fromisoformat(time).timestamp() for time in times]
    return 1000 * max(abs(second - seconds[0] - n) for n, second in enumerate(seconds))


def _limited(what: str, value: float, unit: str, target: float) -> str:
    said = "ok" if value <= target else OVER
    print(f"  {what:26}{value:6.2f} {unit:2}{target:>12} {unit}  {said}", flush=True)
    return said


def _cpu_of(argv: Argv) -> float:
    before = _cpu_seconds()
    _run(argv, "out")
    return _cpu_seconds() - before


def _load(name: str, maps: list[tuple[str, int]]) -> None:
    """A program that uses such maps, and their pins."""
    names = [f"{name}{n}" for n in range(len(maps))]
    definitions = "".join(MAP % (*what, called) for what, called in zip(maps, names, strict=True))
    uses = "\n".join(
        f"\tif ((counts = bpf_map_lookup_elem(&{n}, &key)))\n\t\tcounts->packets++;" for n in names
    )
    Path(f"{name}.bpf.c").write_text(SOURCE % (definitions, name, uses))
    compile_ = shlex.join(clang.compile_command(f"{name}.bpf.c", f"{name}.bpf.o"))
    pin = f"{PINS}/xdp_{name}"
    load = f"bpftool -n prog load {name}.bpf.o {pin} type xdp pinmaps {PINS}"
    run = f"head -c 64 /dev/zero > packet && bpftool -n prog run pinned {pin} data_in packet"
    script(f"{compile_} && mkdir -p {PINS} && {load} && {run}")


def _run(argv: Argv, out: str) -> Run:
    to = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    complaints = os.open("complaints", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    actions = [(os.POSIX_SPAWN_DUP2, to, 1), (os.POSIX_SPAWN_DUP2, complaints, 2)]
    start = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, ENVIRONMENT, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    os.close(to)
    os.close(complaints)
    if status:
        sys.exit(f"failed: {shlex.join(argv)}\n{Path('complaints').read_text()}")
    return Run(seconds, used.ru_maxrss / 1024)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
