"""Specs and C files, as text."""

from pathlib import Path

from xdpctl.errors import BadRequest


def text(source: Path, *hints: str) -> str:
    try:
        return source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadRequest(f"{source} can't be read: {error.strerror}", *hints) from error
    except UnicodeDecodeError as error:
        raise BadRequest(f"{source} is no UTF-8 text") from error
