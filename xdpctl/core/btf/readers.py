"""How bytes are read that are one value: numbers, names, text, bits."""

import math
import struct
import sys
from collections.abc import Mapping

from xdpctl.core.btf.columns import Column, Leaf, one
from xdpctl.core.btf.known_types import total_or_apart
from xdpctl.core.values.formats import hexadecimal, unsigned
from xdpctl.core.values.value import Value

CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""How `struct` calls numbers of so many bytes."""
FORMS = {4: "=f", 8: "=d"}
"""The same of numbers with a point."""


def signed(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder, signed=True)


def number(size: int, is_signed: bool) -> Leaf:
    code = CODES.get(size, "")
    return Leaf(size, signed, code.lower()) if is_signed else Leaf(size, unsigned, code)


def named(size: int, names: Mapping[int, str], is_signed: bool) -> Leaf:
    """Numbers that have names, by what they are without a sign."""
    read = signed if is_signed else unsigned
    return Leaf(size, lambda data: names.get(unsigned(data)) or read(data), names=True)


def floating(size: int) -> Leaf:
    return Leaf(size, lambda data: _shortest(data, FORMS[size]), merge=total_or_apart)


def _shortest(data: bytes, form: str) -> Value:
    """As few digits as tell it from all others; what JSON has no number for is a word, or its bytes."""
    [value] = struct.unpack(form, data)
    if not math.isfinite(value):
        word = str(value)
        return word if struct.pack(form, float(word)) == data else hexadecimal(data)
    if form == "=f":
        value = next(f for n in (6, 7, 8, 9) if struct.pack(form, f := float(f"{value:.{n}g}")) == data)
    found: float = value
    return found


def text(of_bytes: Column, size: int) -> Leaf:
    """Up to the first zero; what is no text is shown byte by byte."""

    def read(data: bytes) -> Value:
        try:
            return data.split(b"\0", 1)[0].decode()
        except UnicodeDecodeError:
            return of_bytes.values(data, 1)

    return Leaf(size, read)


def bitfield(whole: Column, first: int, width: int, is_signed: bool) -> Leaf:
    """Reads bits, spread out to the size of their type."""

    def read_bits(data: bytes) -> Value:
        bits = unsigned(data) >> first & (1 << width) - 1
        if is_signed and bits >> width - 1:
            bits |= -1 << width & (1 << 8 * whole.size) - 1
        return one(whole, bits.to_bytes(whole.size, sys.byteorder))

    names = isinstance(whole, Leaf) and whole.names and not whole.code
    return Leaf((first + width + 7) // 8, read_bits, names=names)
