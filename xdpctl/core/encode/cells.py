"""The bytes of all cells of one column at once, as long as they are plain."""

import sys
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from xdpctl.core.btf.readers import CODES
from xdpctl.core.encode.numbers import native
from xdpctl.core.encode.text import CannotEncode, Input

Cells = Sequence[Any]
"""Words, or what JSON has instead."""
Pack = Callable[[Cells], bytes]

MANY = 4096
"""So many different cells of a column are remembered with their bytes."""


class NotPlain(ValueError):
    """There is a cell that has to be looked at by itself: a shorter way to say it, or something wrong."""


def numbers(size: int, is_signed: bool = False) -> Pack:
    code = CODES[size].lower() if is_signed else CODES[size]

    def pack(cells: Cells) -> bytes:
        return _array(code, cells).tobytes()

    return pack


def in_network_order(size: int) -> Pack:
    def pack(cells: Cells) -> bytes:
        found = _array(CODES[size], cells)
        if sys.byteorder == "little":
            found.byteswap()
        return found.tobytes()

    return pack


def _array(code: str, cells: Cells) -> "array[int]":
    try:
        return array(code, _integers(cells))
    except OverflowError:
        raise NotPlain from None


def _integers(cells: Cells) -> Sequence[int]:
    """Numbers of JSON, or decimal ones without anything around them."""
    kinds = {*map(type, cells)}
    if kinds == {int}:
        return cells
    if kinds != {str}:
        raise NotPlain
    try:
        found = [*map(int, cells)]
    except ValueError:
        raise NotPlain from None
    if [*map(str, found)] != [*cells]:
        raise NotPlain
    return found


def each(write: Callable[[str], bytes]) -> Pack:
    """One by one, by a short way that raises ValueError or OSError at what isn't plain."""

    def pack(cells: Cells) -> bytes:
        if {*map(type, cells)} != {str}:
            raise NotPlain
        try:
            return b"".join(map(write, cells))
        except (ValueError, OSError):
            raise NotPlain from None

    return pack


def remembered(write: Callable[[Input], bytes]) -> Pack:
    """By the way that is meant for one; for names and the like, of which there are few."""
    known: dict[type, dict[Input, bytes]] = {str: {}, int: {}, float: {}}

    def pack(cells: Cells) -> bytes:
        [kind, *others] = {*map(type, cells)}
        found = known.get(kind)
        if others or found is None:
            raise NotPlain
        if len(found) > MANY:
            found.clear()
        try:
            found.update((cell, write(cell)) for cell in {*cells} - found.keys())
        except CannotEncode:
            raise NotPlain from None
        return b"".join(map(found.__getitem__, cells))

    return pack


def ipv4(word: str) -> bytes:
    import socket

    return socket.inet_pton(socket.AF_INET, word)


def ipv6(word: str) -> bytes:
    import socket

    return socket.inet_pton(socket.AF_INET6, word)


def ip_addr(word: str) -> bytes:
    return native(6, 4) + ipv6(word) if ":" in word else native(4, 4) + ipv4(word) + bytes(12)


def ip_prefix(word: str) -> bytes:
    """Not one with bits set behind its length, and not `any`."""
    address, _, length = word.partition("/")
    found, bits = ip_addr(address), int(length)
    behind = (128 if ":" in address else 32) - bits
    network = int.from_bytes(found[4:] if ":" in address else found[4:8], "big")
    if str(bits) != length or behind < 0 or network & (1 << behind) - 1:
        raise ValueError(word)
    return native(32 + bits, 4) + found


def in_hexadecimal(size: int) -> Callable[[str], bytes]:
    def write(word: str) -> bytes:
        if len(word) != 2 + 2 * size or not word.startswith("0x"):
            raise ValueError(word)
        return bytes.fromhex(word[2:])

    return write


def mac(size: int) -> Callable[[str], bytes]:
    def write(word: str) -> bytes:
        if len(word) != 17 or word[2::3] != ":::::":
            raise ValueError(word)
        return bytes.fromhex(word.replace(":", "")).ljust(size, b"\0")

    return write
