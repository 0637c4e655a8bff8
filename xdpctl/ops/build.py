"""From a spec or a C file to a BPF object that `load` takes."""

import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from xdpctl.core.machine import paths, tool_errors
from xdpctl.core.machine.model import Argv
from xdpctl.core.objects import elf, legacy
from xdpctl.core.objects.check import check_object
from xdpctl.core.objects.findings import Inspected
from xdpctl.core.program import render
from xdpctl.core.spec.model import BuildFlags, Spec
from xdpctl.core.spec.source import read_spec
from xdpctl.core.wording import join
from xdpctl.errors import AlreadyThere, BadRequest, Lines, NotCompiled, UnreadableAnswer
from xdpctl.tools import clang
from xdpctl.tools.files import assets, headers, objects, old_c, placing, sources

INCLUDE, DEFINE = "--include", "--define"
"""Those of the options that C of somebody's own takes too."""


class Prepared(Struct, frozen=True):
    source: Path
    target: Path
    command: Argv
    cwd: Path | None = None
    files: Mapping[str, str] = {}
    """What is compiled in that directory: the C and what it includes there; nothing for C that is there."""
    shown_by: str = ""
    """How to see that C, where a file of somebody's own was converted."""
    maps: tuple[str, ...] = ()
    """Those that the object has to hold."""
    headers: Mapping[Path, str] = {}
    """Those that its C includes, and aren't there yet."""


class Built(Struct, frozen=True):
    written: tuple[Path, ...]
    notes: tuple[str, ...]
    """What is surely not meant so, and what `load` will say."""
    warnings: str
    """What clang had to say, though it compiled."""


def prepare(
    source: Path | None,
    preset: str | None,
    out: Path,
    options: Mapping[str, Any],
    *,
    conversion: bool = False,
) -> Prepared:
    """What is to be built from a spec, a C file, or options alone; nothing is written yet."""
    if source is not None and source.suffix == ".c" and preset is None:
        return _prepare_c(source, out, options, conversion)
    if conversion:
        raise BadRequest("--convert is for C files: what a spec generates is in today's form")
    if INCLUDE in options:
        options = {**options, INCLUDE: [os.path.abspath(directory) for directory in options[INCLUDE]]}
    spec = spec_of(source, preset, options)
    written = out / paths.source_name(spec.program)
    target = out / paths.object_name(spec.program)
    headers = render.headers(spec, assets.TEXTS)
    missing = {out / name: text for name, text in headers.items() if placing.held(out / name) != text}
    for file in (written, *missing):
        _refuse_foreign(file)
    _refuse_others(target, written, f"--preset {preset}" if preset else str(source or "…"))
    return Prepared(
        source=written,
        files={written.name: _c(spec), **headers},
        maps=spec.maps,
        headers=missing,
        target=target,
        command=clang.compile_command(
            written.name,
            target.name,
            given=clang.given(spec.build, (source or Path("-")).absolute().parent),
        ),
        cwd=out,
    )


def spec_of(source: Path | None, preset: str | None, options: Mapping[str, Any]) -> Spec:
    """The checked spec from a file, a preset, or options alone."""
    if preset is not None and source is not None:
        raise BadRequest(f"--preset {preset} and {source} are two specs", "give one of them")
    if preset is not None:
        return read_spec(assets.preset(preset), f"preset {preset}", options)
    if source is None:
        return read_spec("", "", options)
    if str(source) == "-":
        return read_spec(sources.text_or_input(source), "standard input", options)
    if source.suffix != ".toml":
        raise BadRequest(f"{source} is neither a spec (.toml) nor a C file (.c)")
    return read_spec(sources.text(source, "write one: xdpctl new"), str(source), options)


def show(source: Path | None, preset: str | None, options: Mapping[str, Any]) -> str:
    """The C of the program, without compiling it."""
    if source is not None and source.suffix == ".c":
        raise BadRequest(f"--show prints the C of a spec, and {source} is C already")
    return _c(spec_of(source, preset, options))


def _c(spec: Spec) -> str:
    return render.renderer(assets.TEXTS, assets.compiled())(spec)


def _prepare_c(source: Path, out: Path, options: Mapping[str, Any], conversion: bool) -> Prepared:
    generating = [option for option in options if option not in (INCLUDE, DEFINE)]
    if generating:
        raise BadRequest(
            f"{generating[0]} describes a generated program, but {source} is compiled as it is",
            "leave the option out, or change the C",
        )
    flags = BuildFlags(tuple(options.get(INCLUDE, ())), tuple(options.get(DEFINE, ())))
    target = out / paths.object_name(paths.program_of(source.name))
    if conversion:
        return _converted(source, target, flags)
    code = sources.c_text(source)
    old_c.refuse_macros(source, code)
    _refuse_legacy_maps(code, source)
    _refuse_others(target, source, str(source))
    return Prepared(
        source=source,
        target=target,
        command=clang.compile_command(str(source), str(target), clang.LENIENT, clang.given(flags)),
    )


def _converted(source: Path, target: Path, flags: BuildFlags) -> Prepared:
    """The new file lies beside its object; the old one stays as it is."""
    out = target.parent
    written = out / paths.source_name(paths.program_of(source.name))
    code = old_c.converted(source, out, flags.include)
    if placing.held(written) not in (None, code):
        raise AlreadyThere(
            f"{written} is there already",
            "it may have been changed since: remove it, or write elsewhere with --out",
        )
    _refuse_others(target, written, f"{source} --convert")
    given = (*clang.given(flags, Path.cwd()), "-iquote", str(out.absolute()))
    return Prepared(
        source=written,
        target=target,
        command=clang.compile_command(written.name, target.name, clang.LENIENT, given),
        cwd=out,
        files={written.name: code},
        shown_by=f"the converted file: xdpctl build {source} --convert --show",
    )


def run(prepared: Prepared) -> Built:
    """Generate, compile and check; nothing is changed unless all of it succeeds."""
    source, target = prepared.source, prepared.target
    with placing.within(target.parent) as aside:
        for name, text in prepared.files.items():
            aside.write(name, sources.c_bytes(text))
        compiled = _compiled(prepared, aside.cwd)
        name = str(target if prepared.files else source)
        inspected = _inspected(compiled.object, prepared.source)
        check_object(compiled.object, name, maps=prepared.maps)
        _refuse_undefined(inspected, name, compiled.notes)
        aside.write(target.name, compiled.object)
        written = (*((source, *prepared.headers) if prepared.files else ()), target)
        aside.move(*(path.name for path in written))
    notes = (*tool_errors.missing_returns(compiled.notes), *inspected.notes())
    return Built(written, notes, compiled.notes.rstrip())


def _inspected(data: bytes, source: Path) -> Inspected:
    """A compiler that ends well may still have written anything."""
    try:
        return Inspected(data, elf.read(data))
    except (elf.NotBpf, ValueError, LookupError, struct.error) as error:
        why = error.message if isinstance(error, elf.NotBpf) else "its debug information is damaged"
        raise UnreadableAnswer(
            f"clang reported success, but what it wrote for {source} is no BPF object: {why}",
            "`xdpctl doctor` checks clang",
        ) from error


def _compiled(prepared: Prepared, aside: Path) -> clang.Compiled:
    if not prepared.files:
        return clang.run(prepared.command, prepared.source)
    try:
        return clang.run(prepared.command, Path(prepared.source.name), aside, prepared.cwd)
    except NotCompiled as error:
        hints = (*error.hints, prepared.shown_by) if prepared.shown_by else error.hints
        raise NotCompiled(error.message, *hints, log=error.log) from error


def _refuse_undefined(inspected: Inspected, name: str, said: str) -> None:
    """libbpf would refuse it when it is loaded; clang only warns, and not always."""
    undefined = tuple(inspected.undefined())
    if undefined:
        names = [one.name for one in undefined]
        line = undefined[0].line
        place = tool_errors.first_place(said, names[0]) or (line.place if line else name)
        raise NotCompiled(
            f"{place}: {join(names)} {'is' if len(names) == 1 else 'are'} defined nowhere",
            *((line.code,) if line else ()),
            *(tuple(headers.advice(names)) or (ANOTHER_FILE if undefined[0].is_variable else NO_LIBRARY,)),
            log=said,
        )


ANOTHER_FILE = "what is declared extern is in another file: bpftool gen object BOTH.o ONE.o OTHER.o"

NO_LIBRARY = (
    "a BPF program calls its own functions and those of the kernel, such as bpf_printk; there is no C library"
)


def _refuse_others(target: Path, source: Path, asked: str) -> None:
    """The object of another source isn't overwritten, though that goes by the same name elsewhere."""
    if not placing.check(target):
        return
    for recorded in _sources(objects.read(target)):
        places = [path for path in (Path(recorded), target.parent / recorded) if path.is_file()]
        named_so = paths.object_name(paths.program_of(Path(recorded).name)) == target.name
        if named_so and places and not any(_same(path, source) for path in places):
            raise AlreadyThere(
                f"{target} was built from {places[0]}, and {source} would overwrite it",
                f"build it elsewhere: xdpctl build {asked} --out DIR",
                f"or remove {target}",
            )


def _sources(data: bytes) -> tuple[str, ...]:
    try:
        return Inspected(data, elf.read(data)).sources()
    except (elf.NotBpf, ValueError, IndexError, struct.error):
        return ()  # whatever it is, no source lays claim to it


def _same(path: Path, source: Path) -> bool:
    return source.exists() and path.samefile(source)


def _refuse_foreign(file: Path) -> None:
    """Only files that xdpctl wrote are overwritten."""
    text = placing.held(file)
    if text is not None and render.MARKER not in text.splitlines()[:3]:
        raise BadRequest(
            f"{file} wasn't written by xdpctl, or its first lines were edited to keep it",
            *_kept(file),
        )


def _kept(file: Path) -> tuple[str, ...]:
    """How to build although this file is somebody's own."""
    if file.suffix == ".h":
        return ("write elsewhere: --out DIR",)
    return (
        f"compile it as it is: xdpctl build {file}",
        "or give the new program another name: --program NAME",
    )


def _refuse_legacy_maps(code: str, source: Path) -> None:
    found = legacy.find(code)
    if found:
        raise BadRequest(
            f'{source}:{found[0].line}: a map in SEC("maps") is refused since libbpf 1.0',
            "the same in today's form, which also tells the types of key and value:",
            *(Lines(map_.modern) for map_ in found),
            f"the whole file so: xdpctl build {source} --convert",
        )
