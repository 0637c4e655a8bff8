"""Numbers with a point, of both sizes."""

import json
import math
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdpctl.core.btf.columns import one
from xdpctl.core.btf.types import BtfType, Types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest

FLOAT, DOUBLE = BtfType(1, "FLOAT", "float", size=4), BtfType(2, "FLOAT", "double", size=8)
LONG = BtfType(3, "FLOAT", "long double", size=16)
TYPES = (FLOAT, DOUBLE, LONG)


def shown(data: bytes) -> Value:
    return one(Types(TYPES).column({4: 1, 8: 2, 16: 3}[len(data)]), data)


def written(said: Any, size: int) -> bytes:
    return Encoder(TYPES).writer("value", {4: 1, 8: 2, 16: 3}[size], size)(said, None)


@pytest.mark.parametrize(
    ("number", "as_float"),
    [
        (0.0, 0.0),
        (1.5, 1.5),
        (-2.25, -2.25),
        (0.1, 0.1),
        (1e30, 1e30),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_as_few_digits_as_needed(number: float, as_float: Value) -> None:
    assert shown(struct.pack("=f", number)) == shown(struct.pack("=d", number)) == as_float


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=8, max_size=8))
def test_what_is_shown_is_taken_back(data: bytes) -> None:
    value = shown(data)
    of_json = json.loads(msgspec.json.encode(value))
    assert written(of_json, len(data)) == written(str(value), len(data)) == data


@pytest.mark.parametrize(
    ("said", "size", "number"),
    [
        ("0.5", 4, 0.5),
        ("1e+3", 8, 1000.0),
        ("-1E-3", 8, -0.001),
        (7, 4, 7.0),
        ("NaN", 8, math.nan),
        (2**53, 8, 2.0**53),
        ("0.1", 4, 0.1),
    ],
)
def test_words(said: Any, size: int, number: float) -> None:
    assert written(said, size) == struct.pack("=f" if size == 4 else "=d", number)


@pytest.mark.parametrize(
    ("said", "size", "told"),
    [
        ("word", 4, "value can't be 'word': it is a number, like 0.5 or 1e-3"),
        ("010", 4, "it is a number"),
        ("1_0", 8, "it is a number"),
        (True, 8, "it is a number"),
        (None, 8, "it is a number"),
        ("+1e3", 8, "numbers have no plus sign\nset overwrites, it doesn't add: did you mean '1e3'"),
        ("+.5", 4, "no plus sign"),
        ("+inf", 8, "no plus sign"),
        ("1e39", 4, "that is more than 32 bits hold"),
        ("1e309", 8, "that is more than 64 bits hold"),
        (10**400, 8, "that is more than 64 bits hold"),
        ("16777217", 4, "the nearest that it holds is 16777216"),
        (2**53 + 1, 8, "the nearest that it holds is 9007199254740992"),
        ("0x00", 8, "it has 8 bytes, this is 1"),
        ("1.5", 16, "write its 16 bytes in hexadecimal"),
    ],
)
def test_what_it_cannot_hold(said: Any, size: int, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        written(said, size)


def test_of_other_sizes_bytes_are_shown() -> None:
    assert shown(bytes(16)) == "0x" + "00" * 16
    assert written("0x" + "01" * 16, 16) == b"\1" * 16


@pytest.mark.parametrize(
    ("of_cpus", "together"),
    [
        ((1.5, 2.25), 3.75),
        ((0.0, 0.0), 0.0),
        ((1.5, math.nan), [1.5, "nan"]),
        ((math.inf, -math.inf), ["inf", "-inf"]),
        ((math.nan, math.nan), "nan"),
        ((0.0, math.nan), "nan"),
        ((1.5e308, 1.5e308), 1.5e308),
        ((1.5e308, 1.25e308), [1.5e308, 1.25e308]),
    ],
)
def test_those_of_all_cpus_are_added_up_where_they_can_be(
    of_cpus: tuple[float, ...], together: Value
) -> None:
    """What JSON has no number for is no sum either."""
    data = struct.pack("=2d", *of_cpus)
    assert Types(TYPES).column(2).merged(data, 8, 2) == [together]
