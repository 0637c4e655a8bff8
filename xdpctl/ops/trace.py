"""Follow what BPF programs print, in a trace log of our own that goes when we go."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from msgspec import Struct

from xdpctl.core.plan.plan import Plan
from xdpctl.core.trace import log, why_silent
from xdpctl.core.trace.log import TraceLine
from xdpctl.core.wording import listed
from xdpctl.errors import HalfDone, HostLacks, XdpctlError
from xdpctl.ops import apply
from xdpctl.tools import host, mountns, signals, tracefs
from xdpctl.tools.programs import printers

PATIENCE = 3.0
"""Seconds without a line, after which it is said why there may be none; each time twice as many."""
BETWEEN_LOSSES = 1.0
"""Seconds between two notes of lost lines."""

Show = Callable[[Sequence[TraceLine], int], None]
"""Takes lines, and when the machine was started, in nanoseconds since 1970."""
Note = Callable[[str], None]


class Request(Struct, frozen=True):
    program: str = ""
    count: int | None = None


def planned(request: Request) -> Plan:
    """All that would be done, in order."""
    root = tracefs.mounted()
    directory = tracefs.instance(root or tracefs.ROOT, os.getpid())
    return (
        *(() if root else tracefs.MOUNTING),
        *tracefs.preparing(directory, stacks=bool(request.program)),
        *tracefs.reading(directory),
    )


def run(
    request: Request, show: Show, note: Note, wanted: int, ended: Callable[[], bool] = lambda: False
) -> None:
    """Until there were enough lines, or nobody reads what is written to `wanted`, or Ctrl-C comes.

    `ended` tells whether somebody ends it otherwise.
    """
    host.require_privileges()
    if request.program:
        ids = [str(program.id) for program in printers.called(request.program)]
        if len(ids) > 1:
            note(f"programs {listed(ids)} are all called {request.program}: the lines of all are shown")
    root = tracefs.mounted() or _mount()
    tracefs.check(root)
    with _first_interrupt_alone(), _log(root, request, note) as directory:
        _Session(request, directory, show, note).follow(wanted, ended)


def _mount() -> str:
    """For this process alone, so that nothing is to be undone."""
    if not os.path.isdir(tracefs.ROOT):
        raise HostLacks("this kernel has no tracefs", "boot one with CONFIG_BPF_EVENTS")
    _, mounting = tracefs.MOUNTING
    mountns.enter(below=True)
    apply.run(apply.Operation((mounting,)))
    return tracefs.ROOT


@contextlib.contextmanager
def _log(root: str, request: Request, note: Note) -> Iterator[str]:
    """The directory of a log; one of our own is gone afterwards, whatever happens."""
    if not tracefs.gives_instances(root):
        if request.program:
            raise HostLacks("--program needs a trace log of its own, which this kernel doesn't give")
        note("this kernel gives no log of its own: the other readers lose the lines shown; times are rough")
        yield root
        return
    for leftover in tracefs.leftovers(root):
        tracefs.remove(leftover)  # one that somebody reads stays
    directory = tracefs.instance(root, os.getpid())
    try:
        apply.run(apply.Operation(tracefs.preparing(directory, stacks=bool(request.program))))
        yield directory
    finally:
        if os.path.isdir(directory):
            removed = tracefs.remove(directory)
            if not removed.ok:
                raise HalfDone(
                    f"the trace log is left behind: {removed.err}", f"remove it: rmdir {directory}"
                )


@contextlib.contextmanager
def _first_interrupt_alone() -> Iterator[None]:
    """A second Ctrl-C would come while the log is removed, which takes no time."""
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def first(_number: int, _frame: FrameType | None) -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in heeded:
        signal.signal(number, first)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


class _Session:
    def __init__(self, request: Request, directory: str, show: Show, note: Note) -> None:
        self._request, self._directory, self._show, self._note = request, directory, show, note
        self._reader = log.Reader(request.program)
        self._shown = 0
        self._explained: tuple[str, ...] = ()
        self._printers = printers.Printers(request.program)

    def follow(self, wanted: int, ended: Callable[[], bool]) -> None:
        quiet_since, patience, told_losses = time.monotonic(), PATIENCE, 0.0
        with tracefs.Pipe(self._directory, wanted) as pipe:
            try:
                while not (self._enough() or ended()) and (text := pipe.read()) is not None:
                    now = time.monotonic()
                    if self._take(text):
                        quiet_since, patience = now, PATIENCE
                    elif now - quiet_since > patience:
                        self._explain_silence(now - quiet_since)
                        patience *= 2
                    if now - told_losses > BETWEEN_LOSSES and self._tell_losses():
                        told_losses = now
            finally:
                self._tell_losses()

    def _enough(self) -> bool:
        return self._request.count is not None and self._shown >= self._request.count

    def _take(self, text: str) -> bool:
        """Shows the lines of a text; whether there were some."""
        most = None if self._request.count is None else self._request.count - self._shown
        lines = list(self._reader.lines(log.parse(text)))[:most]
        if lines:
            self._show(lines, host.boot_time())
        self._shown += len(lines)
        return bool(lines)

    def _tell_losses(self) -> bool:
        lost, nameless = self._reader.lost, self._reader.nameless
        if lost:
            what = "lines, or notes of whose a line is," if self._request.program else "lines"
            self._note(f"{lost} {what} lost: they came faster than they could be read")
        if nameless:
            self._note(f"{nameless} lines left out: their program has gone, so nobody knows its name")
        self._reader.lost = self._reader.nameless = 0
        return bool(lost or nameless)

    def _explain_silence(self, seconds: float) -> None:
        """Once for each reason."""
        try:
            switched_off = tracefs.switched_off(self._directory)
            found = why_silent.why(switched_off, self._printers.now(), self._request.program)
            said = (found.reason, *(f"  {line}" for line in found.remedy.split("\n")))
        except XdpctlError as error:
            said = (f"why can't be seen: {error.message}",)
        if said != self._explained:
            reason, *remedy = said
            for line in (f"nothing printed for {seconds:.0f} s: {reason}", *remedy):
                self._note(line)
        self._explained = said
