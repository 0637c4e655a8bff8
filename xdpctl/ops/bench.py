"""Measure programs side by side, by `bpftool prog run`.

All of it happens in a mount namespace of its own, with a tmpfs and a bpffs that end with it. The
figures are of CPU time: it knows nothing of other processes, nor of waiting for the kernel to set
up a run, and is finer than the whole nanoseconds that bpftool prints.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from xdpctl.core.machine import paths
from xdpctl.core.machine.model import Argv
from xdpctl.core.measure import bench
from xdpctl.core.measure.variants import EMPTY, FAMILY, PACKET, RACE, Variant, build_line
from xdpctl.core.objects.check import check_loadable
from xdpctl.core.plan import actions, plan
from xdpctl.core.plan.plan import Plan
from xdpctl.core.program.render import headers, renderer
from xdpctl.core.spec.model import Spec
from xdpctl.core.spec.source import read_spec
from xdpctl.errors import BadRequest
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, clang, executables, host, mountns, proc
from xdpctl.tools.files import assets, objects, sources
from xdpctl.tools.maps import content
from xdpctl.tools.maps.find import pinned_map

HERE = bpffs.ROOT
"""Where it all happens: this directory is on every machine, and nothing else is needed from it."""
PACKET_FILE = f"{HERE}/packet"
PINS = f"{HERE}/pins"
MOST = 2_000_000
BUDGET = 0.25
"""Packets and seconds of one run, unless it is said how many."""
WARM_UP = 10_000
RUN_SECONDS = 3600.0


class Counts(Struct, frozen=True):
    """Which number of a map's values tells how many packets there were."""

    map: str
    position: int = 0
    unit: int = 1
    """How much one packet adds to it."""


class BenchProgram(Struct, frozen=True):
    name: str
    directory: Path
    pins: str
    object: Path
    compile: Argv = ()
    """Nothing, where the object was there before."""
    source: Path = Path()
    spec: Spec | None = None
    build: Argv = ()
    """The `xdpctl build` that does the same as generating and compiling here."""
    counts: Counts | None = None

    @property
    def cwd(self) -> Path | None:
        return None if self.spec is None else self.directory

    def pin(self, mode: str) -> str:
        """The program is loaded twice: what it counts on one CPU and on all is told apart."""
        return f"{self.pins}_{mode}"

    def load(self, mode: str) -> Argv:
        pin = self.pin(mode)
        maps = ("pinmaps", f"{pin}_maps")
        return bpftool.command("prog", "load", str(self.object), pin, "type", "xdp", *maps)


class Prepared(Struct, frozen=True):
    programs: tuple[BenchProgram, ...]
    """The first is the empty one."""
    cpus: tuple[int, ...]
    rounds: int
    repeat: int | None
    setting: Plan

    @property
    def plan(self) -> Plan:
        """All that would be done, in order; measuring is shown once."""
        steps = [plan.step("enter a mount namespace of its own, which all ends with", mountns.ENTER)]
        steps += self.setting
        for program in self.programs:
            steps += _making(program)
        repeat = self.repeat or MOST
        for program in self.programs:
            what = f"run {program.name}, {self.rounds} times with {repeat} packets on "
            steps.append(plan.step(what + "one CPU", _run(program, "one", self.cpus[0], repeat)))
            on_all = [_run(program, "all", cpu, repeat) for cpu in self.cpus]
            steps += [plan.step(what + "all CPUs at once", argv) for argv in on_all]
        return tuple(steps)


def prepare(files: Sequence[Path], race: bool, rounds: int, repeat: int | None) -> Prepared:
    """What is to be measured: the files, the race, or the family; nothing is written yet."""
    others = [_from_file(file, i) for i, file in enumerate(files, 1)]
    if not others:
        others = [_from_variant(variant, i) for i, variant in enumerate(RACE if race else FAMILY, 1)]
    programs = (_from_variant(EMPTY, 0), *others)
    return Prepared(programs, host.cpus(), rounds, repeat, _setting(programs))


def run(prepared: Prepared, tell: Callable[[str], None]) -> bench.Report:
    host.require_privileges()
    executables.executable("taskset")
    mountns.enter()
    _do(prepared.setting)
    for program in prepared.programs:
        tell(_make(program))
        _do(_loading(program))
    tell(f"# measuring {len(prepared.programs)} programs, {prepared.rounds} rounds")
    return _measure(prepared)


def _from_variant(variant: Variant, number: int) -> BenchProgram:
    if variant.options:
        spec = read_spec("", "", variant.options)
        return _generated(variant.name, number, spec, variant.options)
    counts = Counts(variant.counts) if variant.counts else None
    return _compiled(variant.name, number, assets.TEMPLATES / variant.shipped, clang.STRICT, counts)


def _from_file(file: Path, number: int) -> BenchProgram:
    match file.suffix:
        case ".toml":
            spec = read_spec(sources.text(file, "write one: xdpctl new"), str(file), {})
            return _generated(str(file), number, spec, {}, str(file))
        case ".c":
            sources.text(file)
            return _compiled(str(file), number, file, clang.LENIENT)
        case ".o":
            check_loadable(objects.read(file), str(file))
            directory = _directory(number, file.stem)
            return BenchProgram(str(file), directory, f"{PINS}/{directory.name}", file)
    raise BadRequest(f"{file} is neither a spec (.toml) nor a C file (.c) nor an object (.o)")


def _directory(number: int, name: str) -> Path:
    """libbpf can't pin below a name with a dot."""
    return Path(HERE, f"{number}_{re.sub('[^A-Za-z0-9]+', '_', name)}")


def _generated(name: str, number: int, spec: Spec, options: Mapping[str, Any], *words: str) -> BenchProgram:
    directory = _directory(number, name)
    source = directory / paths.source_name(spec.program)
    target = directory / paths.object_name(spec.program)
    return BenchProgram(
        name=name,
        directory=directory,
        pins=f"{PINS}/{directory.name}",
        object=target,
        compile=clang.compile_command(source.name, target.name),
        source=source,
        spec=spec,
        build=build_line(options, *words, "--out", str(directory)),
        counts=_counts(spec),
    )


def _compiled(
    name: str, number: int, source: Path, flags: Argv, counts: Counts | None = None
) -> BenchProgram:
    directory = _directory(number, name)
    target = directory / paths.object_name(paths.program_of(source.name))
    return BenchProgram(
        name=name,
        directory=directory,
        pins=f"{PINS}/{directory.name}",
        object=target,
        compile=clang.compile_command(str(source), str(target), flags),
        source=source,
        counts=counts,
    )


def _counts(spec: Spec) -> Counts | None:
    counter = spec.counters[0]
    fields = [str(field) for field in counter.fields]
    if "packets" in fields:
        return Counts(counter.map, fields.index("packets"))
    if "bytes" in fields:
        return Counts(counter.map, fields.index("bytes"), len(PACKET))
    return None


def _setting(programs: Sequence[BenchProgram]) -> Plan:
    octal = "".join(f"\\{byte:03o}" for byte in PACKET)
    return (
        plan.step(f"mount a tmpfs over {HERE}", ("mount", "-t", "tmpfs", "tmpfs", HERE)),
        plan.step("write the packet", ("sh", "-c", f"printf '{octal}' > {PACKET_FILE}")),
        actions.make_directory(PINS),
        actions.mount_bpffs(PINS),
        *(actions.make_directory(str(program.directory)) for program in programs),
    )


def _making(program: BenchProgram) -> Plan:
    build = (plan.step(f"build {program.name}", program.build),) if program.build else ()
    compile_ = (plan.step(f"compile {program.name}", program.compile),) if program.compile else ()
    return (*(build or compile_), *_loading(program))


def _loading(program: BenchProgram) -> Plan:
    return tuple(plan.step(f"load {program.name}", program.load(mode)) for mode in ("one", "all"))


def _do(steps: Plan) -> None:
    """What fails needs no undoing: it all ends with the namespace."""
    apply.run(apply.Operation(steps, frozenset(), frozenset))


def _make(program: BenchProgram) -> str:
    """Generate, compile and check; returns what clang had to say, though it compiled."""
    notes = ""
    if program.spec is not None:
        proc.shown(program.build)
        code = renderer(assets.TEXTS)(program.spec)
        files = {program.source.name: code, **headers(program.spec, assets.TEXTS)}
        for name, text in files.items():
            program.source.with_name(name).write_text(text, encoding="utf-8")
    if program.compile:
        compiled = clang.run(program.compile, program.source, program.cwd)
        check_loadable(compiled.object, program.name)
        program.object.write_bytes(compiled.object)
        notes = compiled.notes
    return notes.rstrip()


class _Runs:
    """The runs of one program, on one CPU or on all at once."""

    def __init__(self, program: BenchProgram, mode: str, cpus: tuple[int, ...]) -> None:
        self.program, self.mode, self.cpus = program, mode, cpus
        self.ran = 0
        self.seconds: list[float] = []

    def run(self, repeat: int) -> float:
        """One run on each CPU; returns the CPU time of one in seconds."""
        before = host.seconds_of_children()
        _at_once([_run(self.program, self.mode, cpu, repeat) for cpu in self.cpus])
        self.ran += repeat * len(self.cpus)
        return (host.seconds_of_children() - before) / len(self.cpus)

    def timing(self, start_up: Sequence[float], repeat: int) -> bench.Timing:
        samples = bench.per_packet(self.seconds, start_up, repeat)
        return bench.Timing(samples, self.ran, self._counted())

    def _counted(self) -> int | None:
        counts = self.program.counts
        if counts is None:
            return None
        path = f"{self.program.pin(self.mode)}_maps/{counts.map}"
        found = content.through_bpftool(pinned_map(path), "pinned", path)
        return bench.counted(found, counts.position, counts.unit)


def _measure(prepared: Prepared) -> bench.Report:
    """Every program in each round, on one CPU and on all, in an order that chance makes."""
    cpus = prepared.cpus
    pairs = [(_Runs(p, "one", cpus[:1]), _Runs(p, "all", cpus)) for p in prepared.programs]
    repeats = [prepared.repeat or _repeat(on_all) for _, on_all in pairs]
    tasks = [(runs, repeat) for pair, repeat in zip(pairs, repeats, strict=True) for runs in pair]
    start_up: dict[str, list[float]] = {"one": [], "all": []}
    before = (*host.cpu_seconds(), host.own_seconds())
    for _ in range(prepared.rounds):
        for runs in pairs[0]:
            start_up[runs.mode].append(runs.run(bench.SHORT))
        for runs, repeat in random.sample(tasks, len(tasks)):
            runs.seconds.append(runs.run(repeat))
    after = (*host.cpu_seconds(), host.own_seconds())
    busy, total, own = (late - early for late, early in zip(after, before, strict=True))
    empty, *others = [
        bench.Measured(
            one.program.name,
            repeat,
            one.timing(start_up["one"], repeat),
            on_all.timing(start_up["all"], repeat),
        )
        for (one, on_all), repeat in zip(pairs, repeats, strict=True)
    ]
    share = bench.share_of_others(busy, total, own)
    return bench.Report(host.kernel(), len(cpus), prepared.rounds, share, empty, tuple(others))


class _Answer(Struct, frozen=True):
    duration: int
    """Nanoseconds per packet, without their fraction."""


def _repeat(runs: _Runs) -> int:
    """How many packets are enough for this program, from how long some take on all CPUs at once."""
    results = _at_once([_run(runs.program, runs.mode, cpu, WARM_UP) for cpu in runs.cpus])
    runs.ran += WARM_UP * len(runs.cpus)
    slowest = max(bpftool.read(result, _Answer).duration for result in results)
    return bench.repeat_for(slowest, MOST, BUDGET)


def _run(program: BenchProgram, mode: str, cpu: int, repeat: int) -> Argv:
    words = ("prog", "run", "pinned", program.pin(mode), "data_in", PACKET_FILE, "repeat", str(repeat))
    return ("taskset", "-c", str(cpu), *bpftool.command(*words))


def _at_once(commands: Sequence[Argv]) -> list[proc.Result]:
    running: list[proc.RunningQuery] = []
    try:
        for command in commands:
            running.append(proc.start(command))
        results = [one.result(RUN_SECONDS) for one in running]
    finally:
        for one in running:
            one.stop()
    for result in results:
        if not result.ok:
            raise bpftool.failure(result)
    return results
