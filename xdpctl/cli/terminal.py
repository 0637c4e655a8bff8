"""The one place that knows terminals: whether stdout is one, how large it is, and what it can show."""

import os
import shutil
import sys

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
