"""Ctrl-C and its like, where what is under way has to be finished first."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_notes: list[list[int]] = []
"""Those that came while they were noted, by whom; the innermost is last."""


def came() -> bool:
    """Whether one was noted, for whoever waits long inside."""
    return any(_notes)


@contextlib.contextmanager
def noted(to_the_end: bool = False) -> Iterator[Callable[[], int]]:
    """They wait; whoever asks which one came, or 0 for none, ends when it suits.

    Where all went well, they wait until the process ends, if that is all that is left to do.
    """
    seen: list[int] = []
    _notes.append(seen)

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}
    stay = False
    try:
        yield lambda: next(iter(seen), 0)
        stay = to_the_end
    finally:
        _notes.pop()
        for number, handler in () if stay else before.items():
            signal.signal(number, handler)
