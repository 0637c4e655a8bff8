"""What `build` runs, and what becomes of its failures; no compiler is needed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from xdpctl.errors import BadRequest, Refused
from xdpctl.ops import build
from xdpctl.tools import clang, proc

COMMAND = ("clang", "-O2", "-g", "-target", "bpf", "-Wall", "-Wextra", "-fdebug-compilation-dir=.")


@pytest.fixture
def out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, twin: Callable[..., proc.Result], fp: FakeProcess
) -> Path:
    """A directory to build in, where clang is a fake."""
    monkeypatch.setattr(proc, "spawn", twin)
    monkeypatch.setattr(proc, "executable", lambda program: program)
    monkeypatch.setattr(clang, "asm_headers", tuple)
    return tmp_path / "bpf"


def compiling(source: str, target: str) -> tuple[str, ...]:
    return (*COMMAND, "-c", source, "-o", target)


def test_the_compiler_runs_beside_the_generated_c(out: Path, fp: FakeProcess) -> None:
    prepared = build.prepare(None, None, out, {"--program": "mine"})
    assert prepared.command == compiling("mine.bpf.c", "mine.bpf.o")
    assert prepared.cwd == out
    assert not out.exists()


def test_a_c_file_is_compiled_where_the_user_is(out: Path, tmp_path: Path) -> None:
    source = tmp_path / "lesson.c"
    source.write_text("int x;")
    prepared = build.prepare(source, None, out, {})
    lenient = [word for word in compiling(str(source), str(out / "lesson.bpf.o")) if word != "-Wextra"]
    assert prepared.command == tuple(lenient)
    assert prepared.cwd is None


def test_clangs_own_words_are_the_error(out: Path, fp: FakeProcess) -> None:
    fp.register(compiling("xdp_allow.bpf.c", "xdp_allow.bpf.o"), returncode=1, stderr=b"x.c:3: error: no\n")
    with pytest.raises(Refused, match=r"x\.c:3: error: no"):
        build.run(build.prepare(None, None, out, {}))
    assert not out.exists()


def test_what_was_built_before_stays_when_the_compiler_fails(out: Path, fp: FakeProcess) -> None:
    fp.register(compiling("xdp_allow.bpf.c", "xdp_allow.bpf.o"), returncode=-11)
    prepared = build.prepare(None, None, out, {})
    out.mkdir()
    (out / "xdp_allow.bpf.o").write_bytes(b"before")
    with pytest.raises(Refused, match="clang failed with status -11"):
        build.run(prepared)
    assert [(path.name, path.read_bytes()) for path in out.iterdir()] == [("xdp_allow.bpf.o", b"before")]


def test_an_object_that_is_none_is_refused(out: Path, fp: FakeProcess) -> None:
    """A compiler that succeeds and writes rubbish."""

    def write(process: object) -> None:
        (out / "xdp_allow.bpf.o").write_bytes(b"rubbish")

    fp.register(compiling("xdp_allow.bpf.c", "xdp_allow.bpf.o"), callback=write)
    with pytest.raises(BadRequest, match="no ELF file"):
        build.run(build.prepare(None, None, out, {}))
    assert not out.exists()
