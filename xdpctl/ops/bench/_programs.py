"""The programs that are measured: how each is made, and which of its numbers tells how many packets came."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.machine import paths
from xdpctl.core.machine.model import Argv
from xdpctl.core.measure.variants import PACKET, Variant, build_line
from xdpctl.core.objects import choice
from xdpctl.core.objects.check import check_object
from xdpctl.core.objects.choice import Choice
from xdpctl.core.plan import loading
from xdpctl.core.plan.plan import Plan, step
from xdpctl.core.program.render import headers, renderer
from xdpctl.core.spec.model import Spec
from xdpctl.core.spec.source import read_spec
from xdpctl.core.wording import join
from xdpctl.errors import BadRequest
from xdpctl.ops import apply
from xdpctl.tools import bpftool, clang, mountns, proc
from xdpctl.tools.files import assets, objects, sources

Mode = Literal["one", "all"]
"""On one CPU, or on all at once."""
MODES: tuple[Mode, ...] = ("one", "all")


class Counts(Struct, frozen=True):
    """Which number of a map's values tells how many packets there were."""

    map: str
    position: int = 0
    unit: int = 1
    """How much one packet adds to it."""


class BenchProgram(Struct, frozen=True):
    name: str
    directory: Path
    object: Path
    compile: Argv = ()
    source: Path = Path()
    spec: Spec | None = None
    build: Argv = ()
    """The `xdpctl build` that does the same as generating and compiling here."""
    counts: Counts | None = None
    chosen: str = ""
    """Which of several XDP programs of a C file."""
    copying: Plan = ()
    """What makes the object out of one that is loaded in part."""

    @property
    def cwd(self) -> Path | None:
        return None if self.spec is None else self.directory

    def pin(self, mode: Mode) -> str:
        """The program is loaded twice: what it counts on one CPU and on all is told apart."""
        return f"{mountns.PINS}/{self.directory.name}_{mode}"

    def maps(self, mode: Mode) -> str:
        """The directory of its maps' pins."""
        return f"{self.pin(mode)}_maps"

    @property
    def making(self) -> Plan:
        """Nothing to be done where the object was there before."""
        if self.build:
            return (step(f"build {self.name}", self.build),)
        return (step(f"compile {self.name}", self.compile),) if self.compile else ()

    @property
    def loading(self) -> Plan:
        file = str(self.object)
        loads = (bpftool.load_command(file, self.pin(mode), self.maps(mode)) for mode in MODES)
        return (*self.copying, *(step(f"load {self.name}", load) for load in loads))


def from_variant(variant: Variant, number: int) -> BenchProgram:
    if variant.options:
        spec = read_spec("", "", variant.options)
        return _generated(variant.name, number, spec, variant.options)
    counts = Counts(variant.counts) if variant.counts else None
    return _compiled(variant.name, number, assets.TEMPLATES / variant.shipped, clang.STRICT, counts)


def from_file(file: Path, number: int, chosen: str) -> BenchProgram:
    match file.suffix:
        case ".toml":
            spec = read_spec(sources.text(file, "write one: xdpctl new"), str(file), {})
            return _generated(str(file), number, spec, {}, str(file))
        case ".c":
            sources.c_text(file)
            return replace(_compiled(str(file), number, file, clang.LENIENT), chosen=chosen)
        case ".o":
            found = _one_of(objects.read(file), str(file), chosen)
            directory = _directory(number, file.stem)
            copying, copy = loading.from_copy(str(file), str(directory / "copy"), found)
            return BenchProgram(name=str(file), directory=directory, object=Path(copy), copying=copying)
    raise BadRequest(f"{file} is neither a spec (.toml) nor a C file (.c) nor an object (.o)")


def _one_of(data: bytes, name: str, program: str) -> Choice:
    found = choice.choose(check_object(data, name), name, program)
    if len(found.programs) > 1:
        one, *others = found.programs
        raise BadRequest(f"{one} of {name} calls {join(others)}, and bench loads only one")
    return found


def _directory(number: int, name: str) -> Path:
    """libbpf can't pin below a name with a dot."""
    return Path(mountns.HERE, f"{number}_{re.sub('[^A-Za-z0-9]+', '_', name)}")


def _generated(name: str, number: int, spec: Spec, options: Mapping[str, Any], *words: str) -> BenchProgram:
    directory = _directory(number, name)
    source = directory / paths.source_name(spec.program)
    target = directory / paths.object_name(spec.program)
    return BenchProgram(
        name=name,
        directory=directory,
        object=target,
        compile=clang.compile_command(
            source.name, target.name, given=clang.given(spec.build, Path(*words).absolute().parent)
        ),
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


def make(program: BenchProgram) -> str:
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
        chosen = _one_of(compiled.object, program.name, program.chosen)
        program.object.write_bytes(compiled.object)
        apply.run(apply.Operation(loading.edited(str(program.object), chosen)))
        notes = compiled.notes
    return notes.rstrip()
