"""The one place that knows terminals: whether stdout is one, how large it is, and what it can show."""

import contextlib
import os
import select
import shutil
import sys
import time
from typing import Any

from xdpctl.views.palette import Palette

COLOURS = Palette(green="\x1b[32m", yellow="\x1b[33m", red="\x1b[31m", bold="\x1b[1m", plain="\x1b[0m")
OTHER_SCREEN, BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""A screen without a cursor, beside the one that scrolls."""
_HOME, _NEXT, _BELOW = "\x1b[H", "\x1b[K\n", "\x1b[K\x1b[J"


def is_there() -> bool:
    return sys.stdout.isatty()


def draws() -> bool:
    """Whether it does more than print."""
    return is_there() and os.environ.get("TERM") != "dumb"


def palette() -> Palette:
    return COLOURS if draws() and not os.environ.get("NO_COLOR") else Palette()


def shows_blocks() -> bool:
    """Whether block elements can be printed, wherever that goes."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def size() -> os.terminal_size:
    return shutil.get_terminal_size()


def width() -> int | None:
    """Its columns; none where there is no terminal: a file takes lines of any length."""
    return size().columns if is_there() or os.environ.get("COLUMNS") else None


def width_to_fit() -> int | None:
    """The same for what programs read too: whatever is set, files and pipes get all of a line."""
    return width() if is_there() else None


def drawn_over(text: str) -> str:
    """Text that takes the place of all that was on the screen."""
    return _HOME + text.replace("\n", _NEXT) + _BELOW


class Keyboard:
    """Keys as they are pressed, without Enter; Ctrl-C stays what it is."""

    def __init__(self) -> None:
        self._before: list[Any] = []
        """How the terminal was; nothing where there is no keyboard."""

    def __enter__(self) -> None:
        if _keyboard_is_ours():
            import termios
            import tty

            self._before = termios.tcgetattr(0)
            tty.setcbreak(0)

    def __exit__(self, *_: object) -> None:
        if self._before and _keyboard_is_ours():
            import termios

            termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    def ends(self) -> bool:
        """Whether q has been pressed."""
        return "q" in self.pressed_within(0).lower()

    def pressed_within(self, seconds: float) -> str:
        """The next keys; nothing if there are none so long."""
        if not (self._before and _keyboard_is_ours()):
            time.sleep(seconds)
        elif select.select([0], [], [], seconds)[0]:
            with contextlib.suppress(OSError):  # the terminal has gone
                return os.read(0, 64).decode(errors="replace")
        return ""


def _keyboard_is_ours() -> bool:
    """Whether there is one, and no other program has it, as a shell has while we run in the background."""
    if not os.isatty(0):
        return False
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return True  # a terminal without job control
