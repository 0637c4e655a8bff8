"""What `build` runs, and what becomes of its failures; no compiler is needed."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from xdpctl.core.program.parts import PACKET_HEADER
from xdpctl.errors import BadRequest, Refused, UnreadableAnswer
from xdpctl.ops import build
from xdpctl.tools import clang, executables, proc
from xdpctl.tools.files.assets import HEADERS

COMMAND = ("clang", "-O2", "-g", "-target", "bpf", "-Wall", "-Wextra", "-fdebug-compilation-dir=.")


@pytest.fixture
def out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, twin: Callable[..., proc.Result], fp: FakeProcess
) -> Path:
    """A directory to build in, where clang is a fake."""
    monkeypatch.setattr(proc, "spawn", twin)
    monkeypatch.setattr(executables, "executable", lambda program: program)
    monkeypatch.setattr(clang, "asm_headers", tuple)
    return tmp_path / "bpf"


def compiling(source: str, target: str = "-") -> tuple[str, ...]:
    """clang prints the object, which is put in its place when it has been checked."""
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
    fp.register(compiling("xdp_allow.bpf.c"), returncode=1, stderr=b"x.c:3: error: no\n")
    with pytest.raises(Refused, match=r"x\.c:3: error: no"):
        build.run(build.prepare(None, None, out, {}))
    assert not out.exists()


def test_what_was_built_before_stays_when_the_compiler_fails(out: Path, fp: FakeProcess) -> None:
    fp.register(compiling("xdp_allow.bpf.c"), returncode=-11)
    prepared = build.prepare(None, None, out, {})
    out.mkdir()
    (out / "xdp_allow.bpf.o").write_bytes(b"before")
    with pytest.raises(Refused, match=r"clang was ended by signal 11 \(SIGSEGV\)"):
        build.run(prepared)
    assert [(path.name, path.read_bytes()) for path in out.iterdir()] == [("xdp_allow.bpf.o", b"before")]


def test_a_compiler_that_writes_nothing(out: Path, fp: FakeProcess) -> None:
    fp.register(compiling("xdp_allow.bpf.c"))
    with pytest.raises(Refused, match=r"clang reported success, but wrote nothing for xdp_allow\.bpf\.c"):
        build.run(build.prepare(None, None, out, {}))
    assert not out.exists()


def test_an_object_that_is_none_is_refused(out: Path, fp: FakeProcess) -> None:
    """A compiler that succeeds and writes rubbish."""
    fp.register(compiling("xdp_allow.bpf.c"), stdout=b"rubbish")
    with pytest.raises(UnreadableAnswer, match=r"xdp_allow\.bpf\.c is no BPF object: it is no ELF file"):
        build.run(build.prepare(None, None, out, {}))
    assert not out.exists()


def test_the_header_that_programs_include_is_put_beside_them(out: Path) -> None:
    def missing() -> Mapping[Path, str]:
        return build.prepare(None, None, out, {"--key": ["ip_proto"]}).headers

    code, header = (HEADERS / PACKET_HEADER).read_text(), out / PACKET_HEADER
    assert missing() == {header: code}
    out.mkdir()
    header.write_text(code)
    assert missing() == {}
    header.write_text(f"{code}/* of an older xdpctl */\n")
    assert missing() == {header: code}


def test_a_header_of_somebodys_own_stays(out: Path) -> None:
    out.mkdir()
    (out / PACKET_HEADER).write_text("/* mine */\n")
    with pytest.raises(BadRequest, match=f"{PACKET_HEADER} wasn't written by xdpctl") as refused:
        build.prepare(None, None, out, {"--key": ["ip_proto"]})
    assert refused.value.hints == ("write elsewhere: --out DIR",)
    build.prepare(None, None, out, {"--key": ["cpu"]})


def test_a_spec_may_come_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'program = "piped"')))
    assert "int piped(struct xdp_md *ctx)" in build.show(Path("-"), None, {})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'\nverdct = "drop"')))
    with pytest.raises(BadRequest, match=r"^standard input:2: unknown entry 'verdct'"):
        build.show(Path("-"), None, {})


@pytest.mark.parametrize("conversion", [False, True])
def test_a_map_that_a_macro_makes_has_to_be_written_out(out: Path, tmp_path: Path, conversion: bool) -> None:
    """`build` doesn't send to --convert what that sends back."""
    source = tmp_path / "old.c"
    source.write_text(
        '#define M(n, t) struct bpf_map_def SEC("maps") n = { t }\n\nM(old, 1);\nM(older, 1);\n'
    )
    with pytest.raises(BadRequest, match=rf"{source}:3: the macro M makes a map") as refused:
        build.prepare(source, None, out, {}, conversion=conversion)
    assert refused.value.hints == (
        "write this map out, without the macro, and those of line 4",
        f"then it is converted by: xdpctl build {source} --convert",
    )
