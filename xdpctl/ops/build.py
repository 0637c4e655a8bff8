"""From a spec or a C file to a BPF object that `load` takes."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xdpctl.core import legacy
from xdpctl.core.object_check import check_object
from xdpctl.core.render import MARKER, render
from xdpctl.core.spec import Spec
from xdpctl.errors import BadRequest, Refused
from xdpctl.tools import clang


@dataclass(frozen=True)
class Built:
    written: tuple[Path, ...]
    notes: str = ""
    """What clang had to say, though it compiled."""


def paths(out: Path, program: str) -> tuple[Path, Path]:
    """Where the C and the object of a program go."""
    return out / f"{program}.bpf.c", out / f"{program}.bpf.o"


def build_spec(spec: Spec, out: Path) -> Built:
    """Generate, compile and check; nothing is left changed unless all of it succeeds."""
    source, target = paths(out, spec.program)
    _refuse_foreign(source)
    code = render(spec)
    with _restored_on_failure(source, target):
        source.write_text(code)
        notes = _compile(source.name, target.name, out)
        check_object(target.read_bytes(), str(target), maps=(spec.counter.map,))
    return Built((source, target), notes)


def build_c(source: Path, out: Path) -> Built:
    """Compile a C file as it is."""
    try:
        code = source.read_text(errors="replace")
    except OSError as error:
        raise BadRequest(f"{source} can't be read: {error.strerror}") from error
    _refuse_legacy_maps(code, source)
    _, target = paths(out, source.name.removesuffix(".c").removesuffix(".bpf"))
    with _restored_on_failure(target):
        notes = _compile(str(source), str(target), None)
        check_object(target.read_bytes(), str(target))
    return Built((target,), notes)


def _compile(source: str, target: str, cwd: Path | None) -> str:
    result = clang.compile_c(source, target, cwd)
    if not result.ok:
        raise Refused(result.err.rstrip() or f"clang failed with status {result.status}")
    return result.err


def _refuse_foreign(source: Path) -> None:
    """Only files that xdpctl wrote are overwritten."""
    with contextlib.suppress(FileNotFoundError):
        if MARKER not in source.read_text(errors="replace").splitlines()[:3]:
            raise BadRequest(
                f"{source} wasn't written by xdpctl, or its first lines were edited to keep it",
                f"compile it as it is: xdpctl build {source}",
                "or give the new program another name: --program NAME",
            )


def _refuse_legacy_maps(code: str, source: Path) -> None:
    found = legacy.find(code)
    if found:
        raise BadRequest(
            f'{source}:{found[0].line}: struct bpf_map_def in SEC("maps") is refused since libbpf 1.0',
            "the same in today's form, which also tells the types of key and value:",
            *(map_.modern for map_ in found),
        )


@contextlib.contextmanager
def _restored_on_failure(*files: Path) -> Iterator[None]:
    """Makes the directory of the files; if anything fails, all is as it was before."""
    out = files[0].parent
    new = [path for path in (out, *out.parents) if not path.exists()]
    try:
        before = [file.read_bytes() if file.exists() else None for file in files]
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"{out} can't be written: {error.strerror}") from error
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(OSError):
            for file, content in zip(files, before, strict=True):
                if content is None:
                    file.unlink(missing_ok=True)
                else:
                    file.write_bytes(content)
            for path in new:
                path.rmdir()
        if isinstance(error, OSError):
            raise BadRequest(f"{error.filename or out} can't be written: {error.strerror}") from error
        raise
