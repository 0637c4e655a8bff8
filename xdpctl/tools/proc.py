"""The one place that starts processes.

`act` runs what changes the machine or builds, through `sh`; `query` and `start` read, through
`subprocess`, so that reading commands never pay for importing `sh`. Both give the child a closed
stdin and a scrubbed environment, bound its time and output, and turn failure into a typed error.
"""

import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.shell import command_line
from xdpctl.errors import Interrupted, NoAnswer, ToolMissing, UnreadableAnswer
from xdpctl.tools import signals
from xdpctl.tools.executables import environment, executable

QUERY_SECONDS = 20.0
PIECE = 1 << 20
ACT_SECONDS = 120.0
INTERRUPTED_SECONDS = 3.0
"""So long a tool may go on after Ctrl-C, to end what it has begun."""
LOOK_SECONDS = 0.5
MAX_OUTPUT = 1 << 30


class Result(Struct, frozen=True):
    argv: Argv
    status: int
    """The exit status; negative for death by that signal, as in `subprocess`."""
    out: bytes
    err: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def program(self) -> str:
        """What was run. nsenter becomes what it runs in another namespace, and nobody sees when."""
        return f"nsenter or {self.argv[2]}" if self.argv[0] == "nsenter" else self.argv[0]

    @property
    def death(self) -> str:
        """That a signal ended it, and which; empty where none did."""
        if self.status >= 0:
            return ""
        names = {number.value: f" ({number.name})" for number in signal.Signals}
        return f"{self.program} was ended by signal {-self.status}{names.get(-self.status, '')}"


Show = Callable[[str], None]
_show: Show | None = None


def show_commands(show: Show) -> None:
    """Have every external command shown as a line that can be pasted into a root shell."""
    global _show
    _show = show


def shows() -> bool:
    return _show is not None


def shown(argv: Argv, cwd: Path | None = None) -> None:
    """Show a command that is about to run."""
    if _show is not None:
        _show(command_line(argv, cwd))


def remark(what: str) -> None:
    """Show what is done without a command."""
    if _show is not None:
        _show(f"# {what}")


class RunningQuery:
    """A query under way: several can run at once, each is collected with `result`."""

    def __init__(self, argv: Argv, child: subprocess.Popen[bytes], err: int) -> None:
        """`err` is the memory file that the child complains into."""
        assert child.stdout is not None
        self.argv, self._child, self._stdout, self._err = argv, child, child.stdout, err

    def result(self, seconds: float = QUERY_SECONDS) -> Result:
        deadline = time.monotonic() + seconds
        chunks: list[bytes] = []
        size = 0
        for piece in self.pieces(lambda: deadline - time.monotonic()):
            chunks.append(piece)
            size += len(piece)
            if size > MAX_OUTPUT:
                raise UnreadableAnswer(
                    f"more than {MAX_OUTPUT >> 20} MiB of output from: {shlex.join(self.argv)}"
                )
        return self.ended(b"".join(chunks))

    def pieces(self, patience: Callable[[], float] = lambda: QUERY_SECONDS) -> Iterator[bytes]:
        """What it prints, as it comes; whoever stops reading ends it."""
        asked = time.monotonic()
        try:
            while self._readable(patience()) and (piece := os.read(self._stdout.fileno(), PIECE)):
                yield piece
            _exits(self._child.pid, patience())
            self._child.wait(max(0.0, patience()))
        except (TimeoutError, subprocess.TimeoutExpired):
            seconds = time.monotonic() - asked
            raise NoAnswer(f"no answer within {seconds:.0f} s from: {shlex.join(self.argv)}") from None
        finally:
            self.stop()
            self._stdout.close()
            self._complaint = _drain(self._err)

    def ended(self, out: bytes) -> Result:
        """How it ended, once all of its pieces were read; `out` is what of them is kept."""
        return Result(self.argv, self._child.returncode, out, self._complaint)

    def stop(self) -> None:
        """End it, where nobody waits for its answer any more."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def _readable(self, seconds: float) -> bool:
        if not select.select([self._stdout], [], [], max(0.0, seconds))[0]:
            raise TimeoutError
        return True


def start(argv: Argv) -> RunningQuery:
    shown(argv)
    program = executable(argv[0])
    err = os.memfd_create("stderr")
    try:
        child = subprocess.Popen(
            (program, *argv[1:]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            env=environment(),
            start_new_session=True,
        )
    except OSError as error:
        os.close(err)
        raise ToolMissing(f"{argv[0]} can't be run: {error.strerror}") from error
    return RunningQuery(argv, child, err)


def query(argv: Argv, seconds: float = QUERY_SECONDS) -> Result:
    return start(argv).result(seconds)


def ready_to_act() -> None:
    """Import `sh`, beside a query that is under way.

    It brings asyncio, and that OpenSSL where it finds it: nothing here speaks TLS, and every fork would
    copy its mappings.
    """
    if "sh" not in sys.modules and "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment]
        import sh  # noqa: F401

        del sys.modules["ssl"]


def act(argv: Argv, *, cwd: Path | None = None, seconds: float = ACT_SECONDS, show: str = "") -> Result:
    """Run what changes the machine, or what builds; `show` is a command that does the same by hand."""
    if _show is not None:
        _show(show or command_line(argv, cwd))
    return spawn(argv, cwd, seconds)


class _Word(str):
    """`sh` encodes words itself; names of files and devices can be any bytes."""

    def encode(self, encoding: str = "utf-8", _errors: str = "") -> bytes:
        return super().encode(encoding, "surrogateescape")


def _spawn_sh(argv: Argv, cwd: Path | None, seconds: float) -> Result:
    """Through `sh`, with its conveniences off: no pty, no threads that copy output, no exceptions.

    Its `_timeout` too: with it, every command lasts a multiple of 0.1 s.
    """
    ready_to_act()
    import sh

    out, err = os.memfd_create("stdout"), os.memfd_create("stderr")
    in_time = True
    try:
        with signals.noted() as interrupted:  # what a handler raises while Python forks is lost
            running = _start_sh(argv, cwd, out, err)
        in_time = _ends(running, interrupted(), seconds)
        status = int(running.wait().exit_code)
    except sh.SignalException as death:
        status = int(death.exit_code)
    except sh.ForkException as error:
        raise ToolMissing(f"{argv[0]} can't be run: {str(error).strip().splitlines()[-1]}") from error
    finally:
        out_text, err_text = _drain(out), _drain(err)
    if not in_time and signals.came():
        raise Interrupted(f"interrupted, and stopped: {command_line(argv, cwd)}")
    if not in_time:
        raise NoAnswer(f"stopped after {seconds:.0f} s: {command_line(argv, cwd)}")
    return Result(argv, status, out_text.encode(errors="surrogateescape"), err_text)


def _start_sh(argv: Argv, cwd: Path | None, out: int, err: int) -> Any:
    import sh

    with open(os.devnull, "rb") as nothing:
        return sh.Command(executable(argv[0]))(
            list(map(_Word, argv[1:])),
            _in=nothing,
            _out=out,
            _err=err,
            _tty_out=False,
            _bg=True,
            _bg_exc=False,
            _new_session=True,
            _env=environment(),
            _cwd=None if cwd is None else str(cwd),
            _ok_code=list(range(256)),
        )


def _ends(running: Any, signal_before: int, seconds: float) -> bool:
    """Whether a command of `sh` ends in time; if not, or if Ctrl-C comes or has come, it is killed."""
    ended = False
    try:
        if signal_before:
            signal.raise_signal(signal_before)
        ended = _exits(running.pid, seconds)
    finally:
        if not ended:
            running.kill_group()
    return ended


def _exits(pid: int, seconds: float) -> bool:
    """Whether a process ends in time, which is short once a signal has come."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        fd = os.pidfd_open(pid)
    except (ChildProcessError, ProcessLookupError):
        return True  # and one of sh's threads has seen it
    end = time.monotonic() + seconds
    try:
        while (left := end - time.monotonic()) > 0:
            if select.select([fd], [], [], min(left, LOOK_SECONDS))[0]:
                return True
            if signals.came():
                end = min(end, time.monotonic() + INTERRUPTED_SECONDS)
        return False
    finally:
        os.close(fd)


spawn: Callable[[Argv, Path | None, float], Result] = _spawn_sh
"""Replaceable: tests swap in a twin that pytest-subprocess can fake."""


def _drain(fd: int) -> str:
    """Everything that was written to a memory file, which is then closed."""
    try:
        return os.pread(fd, min(os.fstat(fd).st_size, MAX_OUTPUT), 0).decode(errors="surrogateescape")
    finally:
        os.close(fd)
