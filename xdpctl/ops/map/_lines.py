"""Where in a file something is wrong."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from xdpctl.errors import FileInvalid, XdpctlError


def name_of(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


@contextlib.contextmanager
def in_line(file: str, number: int) -> Iterator[None]:
    """What is wrong, is wrong there, unless a line is told already."""
    try:
        yield
    except FileInvalid:
        raise
    except XdpctlError as error:
        raise FileInvalid(f"{file}:{number}: {error.message}", *error.hints) from error
