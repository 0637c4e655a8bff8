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
from xdpctl.core.objects.check import check_loadable, check_object
from xdpctl.core.objects.findings import Inspected
from xdpctl.core.program import render
from xdpctl.core.spec.model import BuildFlags, Spec
from xdpctl.core.spec.source import read_spec
from xdpctl.errors import AlreadyThere, BadRequest, Lines, NotCompiled
from xdpctl.tools import clang
from xdpctl.tools.files import assets, headers, objects, placing, sources

INCLUDE, DEFINE = "--include", "--define"
"""Those of the options that C of somebody's own takes too."""


class Prepared(Struct, frozen=True):
    source: Path
    target: Path
    command: Argv
    cwd: Path | None = None
    spec: Spec | None = None
    """What to generate; None where a C file is compiled as it is."""
    headers: Mapping[Path, str] = {}
    """What its C includes, and isn't beside it yet."""


class Built(Struct, frozen=True):
    written: tuple[Path, ...]
    notes: tuple[str, ...]
    """What is surely not meant so, and what `load` will say."""
    warnings: str
    """What clang had to say, though it compiled."""


def prepare(source: Path | None, preset: str | None, out: Path, options: Mapping[str, Any]) -> Prepared:
    """What is to be built from a spec, a C file, or options alone; nothing is written yet."""
    if source is not None and source.suffix == ".c" and preset is None:
        return _prepare_c(source, out, options)
    if INCLUDE in options:
        options = {**options, INCLUDE: [os.path.abspath(directory) for directory in options[INCLUDE]]}
    spec = spec_of(source, preset, options)
    written = out / paths.source_name(spec.program)
    target = out / paths.object_name(spec.program)
    missing = _missing_headers(spec, out)
    for file in (written, *missing):
        _refuse_foreign(file)
    _refuse_others(target, written)
    return Prepared(
        spec=spec,
        source=written,
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
    return render.renderer(assets.TEXTS, assets.compiled())(spec_of(source, preset, options))


def _prepare_c(source: Path, out: Path, options: Mapping[str, Any]) -> Prepared:
    generating = [option for option in options if option not in (INCLUDE, DEFINE)]
    if generating:
        raise BadRequest(
            f"{generating[0]} describes a generated program, but {source} is compiled as it is",
            "leave the option out, or change the C",
        )
    _refuse_legacy_maps(sources.text(source), source)
    target = out / paths.object_name(paths.program_of(source.name))
    _refuse_others(target, source)
    flags = BuildFlags(tuple(options.get(INCLUDE, ())), tuple(options.get(DEFINE, ())))
    return Prepared(
        source=source,
        target=target,
        command=clang.compile_command(str(source), str(target), clang.LENIENT, clang.given(flags)),
    )


def run(prepared: Prepared) -> Built:
    """Generate, compile and check; nothing is changed unless all of it succeeds."""
    spec, source, target = prepared.spec, prepared.source, prepared.target
    with placing.within(target.parent) as aside:
        if spec is None:
            compiled = clang.run(prepared.command, source)
        else:
            code = render.renderer(assets.TEXTS, assets.compiled())(spec)
            for name, text in {source.name: code, **render.headers(spec, assets.TEXTS)}.items():
                aside.write(name, text.encode())
            compiled = clang.run(prepared.command, Path(source.name), aside.cwd, prepared.cwd)
        name = str(source if spec is None else target)
        found = check_object(compiled.object, name, maps=() if spec is None else spec.maps)
        inspected = Inspected(compiled.object, found)
        _refuse_undefined(inspected, name, compiled.notes)
        aside.write(target.name, compiled.object)
        written = (*(() if spec is None else (source, *prepared.headers)), target)
        aside.move(*(path.name for path in written))
    notes = (*tool_errors.missing_returns(compiled.notes), *inspected.notes())
    return Built(written, (*notes, *_what_load_will_say(compiled.object, name)), compiled.notes.rstrip())


def _refuse_undefined(inspected: Inspected, name: str, said: str) -> None:
    """libbpf would refuse it when it is loaded; clang only warns, and not always."""
    undefined = tuple(inspected.undefined())
    if undefined:
        first, *others = undefined
        more = f", nor is {', '.join(one.name for one in others)}" if others else ""
        raise NotCompiled(
            f"{first.line.place if first.line else name}: {first.name} is defined nowhere{more}",
            *((first.line.code,) if first.line else ()),
            *(tuple(headers.advice(one.name for one in undefined)) or (NO_LIBRARY,)),
            log=said,
        )


NO_LIBRARY = (
    "a BPF program calls its own functions and those of the kernel, such as bpf_printk; there is no C library"
)


def _what_load_will_say(compiled: bytes, name: str) -> tuple[str, ...]:
    """What is right by clang, but not for loading, is better known now."""
    try:
        check_loadable(compiled, name)
    except BadRequest as error:
        return (f"`xdpctl load` will refuse it: {error.message}",)
    return ()


def _refuse_others(target: Path, source: Path) -> None:
    """The object of another source isn't overwritten, though that goes by the same name elsewhere."""
    if not placing.check(target):
        return
    for recorded in _sources(objects.read(target)):
        places = [path for path in (Path(recorded), target.parent / recorded) if path.is_file()]
        named_so = paths.object_name(paths.program_of(Path(recorded).name)) == target.name
        if named_so and places and not any(_same(path, source) for path in places):
            raise AlreadyThere(
                f"{target} was built from {places[0]}, and {source} would overwrite it",
                f"build it elsewhere: xdpctl build {source} --out DIR",
                f"or remove {target}",
            )


def _sources(data: bytes) -> tuple[str, ...]:
    try:
        return Inspected(data, elf.read(data)).sources()
    except (elf.NotBpf, ValueError, struct.error):
        return ()  # whatever it is, no source lays claim to it


def _same(path: Path, source: Path) -> bool:
    return source.exists() and path.samefile(source)


def _missing_headers(spec: Spec, out: Path) -> dict[Path, str]:
    files = {out / name: text for name, text in render.headers(spec, assets.TEXTS).items()}
    return {file: text for file, text in files.items() if placing.held(file) != text}


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
        )
