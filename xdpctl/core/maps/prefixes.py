"""Keys of tries: the length of a prefix, then its bits."""

import sys
from collections.abc import Iterable


def longest(keys: Iterable[bytes], asked: bytes) -> bytes:
    """The longest of these prefixes that one lies in; itself where there is none."""
    lying_in = [key for key in keys if _lies_in(asked, key)]
    return max(lying_in, key=_length, default=asked)


def _length(key: bytes) -> int:
    return int.from_bytes(key[:4], sys.byteorder)


def _lies_in(inner: bytes, outer: bytes) -> bool:
    length, behind = _length(outer), 8 * (len(outer) - 4) - _length(outer)
    return length <= _length(inner) and _bits(inner) >> behind == _bits(outer) >> behind


def _bits(key: bytes) -> int:
    return int.from_bytes(key[4:], "big")
