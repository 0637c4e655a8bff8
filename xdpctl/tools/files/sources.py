"""Specs, C files and lists of elements, as text."""

import sys
from pathlib import Path

from xdpctl.errors import BadRequest, FileUnusable


def text(source: Path, *hints: str) -> str:
    try:
        return source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileUnusable(f"{source} can't be read: {error.strerror}", *hints) from error
    except UnicodeDecodeError as error:
        raise BadRequest(f"{source} is no UTF-8 text") from error


def text_or_input(source: Path) -> str:
    """A file, or standard input for `-`."""
    if str(source) != "-":
        return text(source)
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("standard input is no UTF-8 text") from error
