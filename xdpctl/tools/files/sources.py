"""Specs, C files and lists of elements, as text."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from xdpctl.errors import BadRequest, FileUnusable

LARGEST = 16 << 20
"""Characters of a spec or of C."""


def text(source: Path, *hints: str) -> str:
    return _not_too_long(source, _read(source, LARGEST + 1, *hints))


def c_text(source: Path) -> str:
    """C may be in any encoding; what isn't UTF-8 becomes the same bytes again by `c_bytes`."""
    return _not_too_long(source, _read(source, LARGEST + 1, errors="surrogateescape"))


def c_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _not_too_long(source: Path, found: str) -> str:
    if len(found) > LARGEST:
        raise BadRequest(f"{source} has more than {LARGEST >> 20} million characters")
    return found


def first_line(source: Path) -> str:
    return _read(source, 1 << 16).partition("\n")[0]


def text_or_input(source: Path) -> str:
    """A file of any size, or standard input for `-`."""
    if str(source) != "-":
        return _read(source, -1)
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("standard input is no UTF-8 text") from error


def lines_or_input(source: Path) -> Iterator[str]:
    """Line by line, with their ends as they are."""
    with _reading(source), _opened(source) as lines:
        yield from lines


@contextlib.contextmanager
def to_read_twice(source: Path) -> Iterator[Callable[[], Iterator[str]]]:
    """What gives its lines, from the first one each time; of a pipe, those of a copy."""
    from tempfile import TemporaryFile

    with contextlib.ExitStack() as kept, TemporaryFile("w+", encoding="utf-8", newline="") as copy:
        with _reading(source):
            file = kept.enter_context(_opened(source))
            if not file.seekable():
                copy.writelines(file)
        yield lambda: _from_the_first(source, file if file.seekable() else copy)


def _from_the_first(source: Path, file: TextIO) -> Iterator[str]:
    with _reading(source):
        file.seek(0)
        yield from file


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[TextIO]:
    is_input = str(source) == "-"
    with open(0 if is_input else source, encoding="utf-8-sig", newline="", closefd=not is_input) as file:
        yield file


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileUnusable(f"{_name(source)} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadRequest(f"{_name(source)} is no UTF-8 text") from error


def _name(source: Path) -> str:
    return "standard input" if str(source) == "-" else str(source)


def _read(source: Path, size: int, *hints: str, errors: str = "strict") -> str:
    try:
        with open(source, encoding="utf-8-sig", errors=errors) as file:
            return file.read(size)
    except OSError as error:
        raise FileUnusable(f"{source} can't be read: {error.strerror}", *hints) from error
    except UnicodeDecodeError as error:
        raise BadRequest(f"{source} is no UTF-8 text") from error
