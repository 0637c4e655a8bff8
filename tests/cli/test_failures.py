"""What a verb that fails prints for scripts, as far as no kernel is needed."""

import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .test_command_line import Run, run  # noqa: F401


@pytest.mark.parametrize(
    ("line", "code", "status"),
    [
        ("status --json", "not-permitted", 3),
        ("dump --json pkt_cnt", "not-permitted", 3),
        ("dump -j pkt_cnt", "not-permitted", 3),
        ("map lookup pkt_cnt 0 -j", "not-permitted", 3),
        ("map lookup pkt_cnt -j", "usage", 2),
        ("map dump --json", "usage", 2),
        ("map get pkt_cnt 0 --json", "not-permitted", 3),
        ("--dry-run status --json", "not-permitted", 3),
        ("status --json one extra", "usage", 2),
        ("dump --json", "usage", 2),
        ("dump --json cnt --frobnicate", "usage", 2),
        ("dump --json cnt --csv", "usage", 2),
        ("dump --json ''", "usage", 2),
        ("dump cnt --via pigeon --json", "usage", 2),
        ("--frobnicate status --json", "usage", 2),
        ("--netns '' status --json", "usage", 2),
        ("stauts --json", "usage", 2),
        ("map gte cnt --json", "usage", 2),
        ("run --json", "usage", 2),
        ("trace --json more words", "usage", 2),
    ],
)
def test_a_failure_is_told_as_json(line: str, code: str, status: int, run: Run) -> None:  # noqa: F811
    done = run(*shlex.split(line))
    said = json.loads(done.stdout)
    assert (said["schema"], said["error"]["code"], done.returncode) == (1, code, status)
    assert list(said["error"]) == ["code", "message", "hints"]
    assert said["error"]["message"] in done.stderr
    assert all(hint in done.stderr for hint in said["error"]["hints"])
    assert done.stdout.count("\n") == 1
    words = [word for word in shlex.split(line) if word not in ("--json", "-j")]
    assert done.stderr == run(*words).stderr or code == "usage"


@pytest.mark.parametrize(
    "line",
    [
        "status",
        "dump cnt --where --json",
        "dump cnt -- --json",
        "load --json",
        "map set cnt 1 2 --json",
        "map --json get cnt 1",
        "--json status",
        "watch cnt --jsonl",
        "build --json",
    ],
)
def test_where_json_is_not_asked_for_there_are_words_alone(line: str, run: Run) -> None:  # noqa: F811
    done = run(*line.split())
    assert done.returncode in (2, 3)
    assert done.stdout == ""
    assert done.stderr


def test_a_name_of_odd_characters_is_exact_and_harmless(run: Run) -> None:  # noqa: F811
    done = run("dump", "--json", "cnt", "--via", "\x1b[31m\n")
    assert "\x1b" not in done.stdout
    assert done.stdout.count("\n") == 1
    assert "\\x1b[31m" in json.loads(done.stdout)["error"]["message"]
    done = run("run", "--json", "--hex", "\x1b")
    assert "'\\x1b' is no hexadecimal digit" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true"])
def test_json_that_cannot_be_written_changes_no_status(redirection: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m xdpctl run --json {redirection}"
    script = f"set -o pipefail; {command}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "there is no packet to run" in done.stderr


INTERRUPTED = {
    "schema": 1,
    "error": {"code": "interrupted", "message": "interrupted", "hints": []},
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("options", [("--json",), ("-j",), ()])
def test_an_interruption_before_xdpctl_is_ready(
    number: signal.Signals,
    options: tuple[str, ...],
    tmp_path: Path,
    run: Run,  # noqa: F811
) -> None:
    """A module that is imported sends it."""
    source = f"import os, time\nos.kill(os.getpid(), {number.value})\ntime.sleep(9)\n"
    (tmp_path / "typer.py").write_text(source)
    done = run("doctor", *options)
    assert (done.returncode, done.stderr) == (130, "xdpctl: interrupted\n")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [INTERRUPTED] * len(options)


def test_a_second_interruption_while_the_first_is_told(tmp_path: Path) -> None:
    """Nobody reads stderr, so that telling lasts."""
    (tmp_path / "bpftool").write_text("#!/bin/sh\ntouch started$PPID\nexec sleep 60\n")
    (tmp_path / "bpftool").chmod(0o755)
    reads, writes = os.pipe()
    os.write(writes, b"." * fcntl.fcntl(writes, fcntl.F_GETPIPE_SZ))
    with subprocess.Popen(
        [sys.executable, "-m", "xdpctl", "doctor", "--json"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=writes,
    ) as process:
        while not (tmp_path / f"started{process.pid}").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        while b"pipe_write" not in Path(f"/proc/{process.pid}/wchan").read_bytes():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        os.close(writes)
        with open(reads, "rb") as stderr:
            assert stderr.read().strip(b".") == b"xdpctl: interrupted\n"
        assert json.loads(process.communicate()[0]) == INTERRUPTED
    assert process.returncode == 130


def test_a_defect_is_one_error(tmp_path: Path, run: Run) -> None:  # noqa: F811
    """A module without anything in it has no function that could be called."""
    (tmp_path / "tomllib.py").touch()
    (tmp_path / "spec.toml").touch()
    done = run("bench", "spec.toml", "--json")
    message = "internal error: AttributeError: module 'tomllib' has no attribute 'loads'"
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "internal")
    assert json.loads(done.stdout)["error"]["message"].startswith(message)  # Python 3.13 has advice, too
    assert done.stderr.startswith(f"xdpctl: {message}")
    assert "\n  please report it" in done.stderr
    assert "Traceback" in run("bench", "spec.toml", XDPCTL_TRACEBACK="1").stderr


@pytest.mark.parametrize("words", ["new --list", "--version", "build --show", "--help"])
def test_a_result_that_is_lost_is_a_failure(words: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m xdpctl {words} >/dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr


def test_an_interruption_is_told_as_json(tmp_path: Path) -> None:
    """While a tool is asked, which here never answers."""
    (tmp_path / "bpftool").write_text("#!/bin/sh\ntouch started$PPID\nexec sleep 60\n")
    (tmp_path / "bpftool").chmod(0o755)
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(
            [sys.executable, "-m", "xdpctl", "doctor", "--json"],
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while not (tmp_path / f"started{process.pid}").exists():
                assert process.poll() is None
            process.send_signal(number)
            out, err = process.communicate()
        assert (process.returncode, err) == (130, "xdpctl: interrupted\n")
        assert json.loads(out) == INTERRUPTED


@pytest.mark.parametrize(
    "line", ["build", "build x.c", "build --preset lesson-1 --out /tmp/x", "new", "run --pcap x", "bench"]
)
def test_a_working_directory_that_was_deleted_is_named(line: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir ../gone; exec {sys.executable} -m xdpctl {line}"
    done = subprocess.run(["sh", "-c", command], cwd=gone, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"the working directory {gone} was deleted" in done.stderr
