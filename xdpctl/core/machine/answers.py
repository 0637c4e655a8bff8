"""What a tool printed as JSON, decoded in one place: whatever is wrong with it is one error."""

import contextlib
import re
from typing import TypeVar

import msgspec

from xdpctl.errors import UnreadableAnswer

T = TypeVar("T")
_QUIRKS = rb"(?s)\\(.)|\(unsupported-kind"


def decoded(text: bytes, type_: type[T], tool: str) -> T:
    try:
        return read(text, type_)
    except ValueError as error:
        raise unreadable(tool, str(error) if text.strip() else "nothing at all") from error


def read(text: bytes, type_: type[T]) -> T:
    """What it says; a ValueError tells what is wrong with it."""
    try:
        return msgspec.json.decode(text, type=type_)
    except RecursionError:
        raise ValueError("it goes too deep") from None
    except ValueError:
        for read_otherwise in (_read_without_quirks, _read_oddly):
            with contextlib.suppress(ValueError, RecursionError):
                return read_otherwise(text, type_)
        raise


def _read_without_quirks(text: bytes, type_: type[T]) -> T:
    return msgspec.json.decode(readable(text), type=type_)


def _read_oddly(text: bytes, type_: type[T]) -> T:
    """Tools print names of devices and files as they are, which can be of any bytes but two.

    A control character stands for itself, and so does a byte that is no UTF-8, as in Python's own
    names of files.
    """
    import json

    found = json.loads(readable(text).decode(errors="surrogateescape"), strict=False)
    return msgspec.convert(found, type_)


def unreadable(tool: str, why: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"{tool} printed what xdpctl can't read: {why}", f"`xdpctl doctor` checks {tool}")


def readable(text: bytes) -> bytes:
    """What bpftool prints that JSON doesn't have: before 7.1 `\\'` for `'`, and of floats that it can't."""
    return re.sub(_QUIRKS, _as_json, text)


def _as_json(quirk: re.Match[bytes]) -> bytes:
    if quirk[1] == b"'":
        return b"'"
    return quirk[0] if quirk[1] else b"null"
