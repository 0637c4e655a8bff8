"""Enums as several versions of clang describe them: signs, and 64 bits."""

import struct
import sys

import pytest

from xdpctl.core.btf.columns import one
from xdpctl.core.btf.types import BtfType, EnumValue, Member, Types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.errors import BadRequest

MINUS_3 = 2**64 - 3
"""As bpftool prints it, unless it is told that the enum has a sign."""


def enum(kind: str, size: int, encoding: str = "UNSIGNED", **values: int) -> BtfType:
    return BtfType(
        1,
        kind,
        "e",
        size=size,
        encoding=encoding,
        values=tuple(EnumValue(name, value) for name, value in values.items()),
    )


CLANG_14 = enum("ENUM", 4, LOW=MINUS_3, MID=0)
NEWER = enum("ENUM", 4, "SIGNED", LOW=-3, MID=0)
FLAGS = enum("ENUM", 4, A=1)
TINY = enum("ENUM", 1, LOW=MINUS_3)
CUT = enum("ENUM", 8, SMALL=1, BIG=0)
WIDE = enum("ENUM64", 8, SMALL=1, BIG=1 << 32)
WIDE_SIGNED = enum("ENUM64", 8, "SIGNED", LOW=-(1 << 32))


@pytest.mark.parametrize(
    ("type_", "number", "shown"),
    [
        (CLANG_14, -3, "LOW"),
        (CLANG_14, -2, -2),
        (CLANG_14, 0, "MID"),
        (NEWER, -3, "LOW"),
        (NEWER, -2, -2),
        (NEWER, 2**31 - 1, 2**31 - 1),
        (FLAGS, 2**32 - 1, 2**32 - 1),
        (TINY, -3, "LOW"),
        (TINY, -128, -128),
        (CUT, 1, 1),
        (CUT, 1 << 32, 1 << 32),
        (WIDE, 1 << 32, "BIG"),
        (WIDE, 2**64 - 1, 2**64 - 1),
        (WIDE_SIGNED, -(1 << 32), "LOW"),
        (WIDE_SIGNED, -1, -1),
    ],
)
def test_numbers_and_names_are_shown_and_taken_back(type_: BtfType, number: int, shown: int | str) -> None:
    data = number.to_bytes(type_.size, sys.byteorder, signed=number < 0)
    assert one(Types((type_,)).column(1), data) == shown
    assert one(Types((type_,), raw=True).column(1), data) == number
    write = Encoder((type_,)).writer("value", 1, type_.size)
    assert [write(said, None) for said in (shown, str(shown), number)] == [data] * 3


@pytest.mark.parametrize("type_", [FLAGS, WIDE])
def test_what_has_no_sign_is_not_negative(type_: BtfType) -> None:
    with pytest.raises(BadRequest, match="it is a number from 0 to"):
        Encoder((type_,)).writer("value", 1, type_.size)("-1", None)


def test_names_of_which_half_is_lost_are_refused() -> None:
    write = Encoder((CUT,)).writer("value", 1, 8)
    with pytest.raises(BadRequest, match="can't be 'BIG': clang before 15 doesn't write down") as caught:
        write("BIG", None)
    assert caught.value.hints == ("write the number itself",)
    with pytest.raises(BadRequest, match="it is a number from 0 to 18446744073709551615"):
        write("OTHER", None)


def test_names_of_negative_bits() -> None:
    bits = BtfType(2, "STRUCT", "bits", size=4, members=(Member("a", 1, 0, 4), Member("b", 1, 4, 28)))
    types = (CLANG_14, bits)
    data = struct.pack("=I", 0xD)
    assert one(Types(types).column(2), data) == {"a": "LOW", "b": "MID"}
    write = Encoder(types).writer("value", 2, 4)
    assert write({"a": "LOW", "b": "MID"}, None) == data
    assert write({"a": -8, "b": 0}, None) == struct.pack("=I", 8)
    for wrong in (-9, 8):
        with pytest.raises(BadRequest, match=r"value\.a can't be -?\d: it has 4 bits"):
            write({"a": wrong, "b": 0}, None)
