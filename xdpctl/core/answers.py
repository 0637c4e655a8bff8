"""What a tool printed as JSON, decoded in one place: whatever is wrong with it is one error."""

import re
from typing import TypeVar

import msgspec

from xdpctl.errors import Refused

T = TypeVar("T")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that decoding raises."""
_QUIRKS = re.compile(rb"\\(.)|\(unsupported-kind", re.S)


def decoded(text: bytes, type_: type[T], tool: str) -> T:
    try:
        try:
            return msgspec.json.decode(text, type=type_)
        except msgspec.DecodeError:
            return msgspec.json.decode(readable(text), type=type_)
    except UNREADABLE as error:
        raise unreadable(tool, str(error) if text.strip() else "nothing at all") from error


def unreadable(tool: str, why: str) -> Refused:
    return Refused(f"{tool} printed what xdpctl can't read: {why}", f"`xdpctl doctor` checks {tool}")


def readable(text: bytes) -> bytes:
    """What bpftool prints that JSON doesn't have: before 7.1 `\\'` for `'`, and of floats that it can't."""
    return _QUIRKS.sub(lambda found: b"'" if found[1] == b"'" else found[0] if found[1] else b"null", text)
