"""Starting processes: acts through `sh` or its twin, and queries."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from xdpctl.core.machine.model import Argv
from xdpctl.errors import HostLacks, Refused
from xdpctl.tools import executables, proc

Run = Callable[..., proc.Result]
Twin = Callable[..., proc.Result]


@pytest.fixture(params=["sh", "subprocess"])
def act(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, twin: Twin) -> Run:
    if request.param == "subprocess":
        monkeypatch.setattr(proc, "spawn", twin)
    return proc.act


@pytest.fixture(params=["act by sh", "act by subprocess", "query"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, twin: Twin) -> Run:
    if request.param == "query":
        return proc.query
    if request.param == "act by subprocess":
        monkeypatch.setattr(proc, "spawn", twin)
    return proc.act


def script(text: str) -> Argv:
    return ("sh", "-c", text)


def running(*argv: str) -> bool:
    wanted = "\0".join(argv).encode() + b"\0"
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if path.read_bytes() == wanted:
                return True
    return False


def test_output_and_status(run: Run) -> None:
    argv = script("echo out; echo err >&2; exit 3")
    assert run(argv) == proc.Result(argv, 3, b"out\n", "err\n")
    assert not run(argv).ok
    assert run(("true",)).ok


def test_words_of_any_bytes(run: Run) -> None:
    word = 'v\x1b[31m"\udcff ä'
    assert run(("printf", "%s", word)).out == b'v\x1b[31m"\xff \xc3\xa4'


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_death_by_a_signal_is_a_negative_status(run: Run, number: int) -> None:
    assert run(script(f"ulimit -c 0; echo before; kill -{number} $$")).status == -number


def test_a_death_is_told_by_program_and_signal() -> None:
    assert proc.Result(("ip", "link"), 1, b"", "").death == ""
    inside = ("nsenter", "--net=/run/netns/lab", "ip", "link")
    assert (
        proc.Result(inside, -signal.SIGKILL, b"", "").death == "nsenter or ip was ended by signal 9 (SIGKILL)"
    )
    assert proc.Result(("ip", "link"), -40, b"", "").death == "ip was ended by signal 40"


def test_much_output_on_both_streams_is_whole(run: Run) -> None:
    done = run(script("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo end"))
    assert (len(done.out), len(done.err), done.out[-4:]) == (300004, 300000, b"end\n")


def test_output_that_is_no_text_is_kept(run: Run) -> None:
    done = run(script(r"printf '\377\n'; printf '\377' >&2"))
    assert (done.out, done.err) == (b"\xff\n", "\udcff")


def test_a_missing_program_is_something_the_host_lacks(run: Run) -> None:
    with pytest.raises(HostLacks, match="no-such-program isn't installed"):
        run(("no-such-program", "--version"))


def test_standard_input_is_closed_and_there_is_no_terminal(run: Run) -> None:
    assert run(("cat",)).out == b""
    assert run(script("test -t 0 || test -t 1 || test -t 2")).status == 1


def test_the_environment_is_scrubbed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LD_PRELOAD_X", "1")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert run(("env",)).out.decode().splitlines() == [
        f"PATH={Path(sys.executable).parent}:/usr/bin:/bin:{executables.SYSTEM_PATH}",
        "LC_ALL=C",
    ]


def test_time_is_bounded(run: Run) -> None:
    begun = time.monotonic()
    with pytest.raises(Refused, match=r"sleep 31\.25"):
        run(("sleep", "31.25"), seconds=0.2)
    assert time.monotonic() - begun < 5
    assert not running("sleep", "31.25")


@pytest.mark.parametrize("noted", [False, True])
def test_a_signal_while_python_forks_is_not_lost(noted: bool) -> None:
    """What a handler raises there is told on stderr, and forgotten."""
    code = (
        "import contextlib, os, signal\n"
        "from xdpctl.tools import proc, signals\n"
        "proc.ready_to_act()\n"
        "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "def interrupted(): return 'raised'\n"
        "try:\n"
        f"    with signals.noted() if {noted} else contextlib.nullcontext(interrupted) as interrupted:\n"
        "        proc.act(('sleep', '7.75'))\n"
        "except BaseException as error:\n"
        "    print(type(error).__name__, bool(interrupted()))\n"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("Interrupted True\n" if noted else "KeyboardInterrupt True\n", "")
    assert time.monotonic() - begun < 7.75
    assert not running("sleep", "7.75")


def test_arguments_arrive_as_they_are(run: Run) -> None:
    assert run(("printf", "%s|", "a b", "", "*", "$HOME", "é", "-n")).out == "a b||*|$HOME|é|-n|".encode()


def test_an_act_can_run_elsewhere(act: Run, tmp_path: Path) -> None:
    assert act(("pwd",), cwd=tmp_path).out == f"{tmp_path}\n".encode()


def test_a_query_does_not_print_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proc, "MAX_OUTPUT", 1 << 20)
    with pytest.raises(Refused, match="more than 1 MiB of output from: yes"):
        proc.query(("yes",))
    assert not running("yes")


def test_queries_run_side_by_side() -> None:
    begun = time.monotonic()
    queries = [proc.start(script(f"sleep 0.5; echo {i}")) for i in range(4)]
    assert [query.result().out for query in queries] == [b"0\n", b"1\n", b"2\n", b"3\n"]
    assert time.monotonic() - begun < 1.5


def test_a_program_that_cannot_be_run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF, or not")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostLacks, match="broken can't be run"):
        run(("broken",))


def test_commands_are_shown_before_they_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines: list[str] = []
    monkeypatch.setattr(proc, "_show", None)
    proc.show_commands(lines.append)
    proc.query(("echo", "a b"))
    proc.act(("true",), cwd=tmp_path)
    assert lines == ["echo 'a b'", f"(cd {tmp_path} && true)"]


def test_a_query_can_be_stopped() -> None:
    query = proc.start(("sleep", "97.5"))
    query.stop()
    assert not running("sleep", "97.5")
    query.stop()
    assert query.result().status == -signal.SIGKILL
