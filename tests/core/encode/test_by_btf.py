"""Words to bytes, by types that BTF alone has: bitfields, enums, unions, unnamed members."""

from typing import Any

import pytest

from xdpctl.core.btf.columns import one
from xdpctl.core.btf.types import BtfType, EnumValue, Member, Types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.errors import BadRequest

from .test_encoder import packed

INT = BtfType(1, "INT", "unsigned int", size=4)
SIGNED = BtfType(2, "INT", "int", size=4, encoding="SIGNED")
LEVELS = BtfType(3, "ENUM", "level", size=4, values=(EnumValue("LOW", -1), EnumValue("High", 7)))
BITS = BtfType(
    4,
    "STRUCT",
    "bits",
    size=4,
    members=(Member("a", 1, 0, 3), Member("b", 2, 3, 5), Member("level", 3, 8, 4), Member("port", 9, 12, 20)),
)
BYTES = BtfType(5, "ARRAY", nr_elems=4, type_id=6)
BYTE = BtfType(6, "INT", "unsigned char", size=1)
EITHER = BtfType(7, "UNION", "either", size=4, members=(Member("ip", 1), Member("oct", 5), Member("low", 6)))
PORT = BtfType(9, "TYPEDEF", "port_t", type_id=1)
POINTER = BtfType(10, "PTR", "", type_id=4)
CONST = BtfType(11, "CONST", "", type_id=3)
OTHERS_PORT = BtfType(13, "TYPEDEF", "port_t", type_id=6)
OTHERS_BE16 = BtfType(14, "TYPEDEF", "__be16", type_id=1)
HELD = BtfType(12, "STRUCT", "held", size=8, members=(Member("(anon)", 7, 0), Member("n", 1, 32)))
TYPES = (INT, SIGNED, LEVELS, BITS, BYTES, BYTE, EITHER, PORT, POINTER, CONST, HELD, OTHERS_PORT, OTHERS_BE16)


def by_btf(type_id: int, said: Any, old: bytes | None = None) -> bytes:
    return Encoder(TYPES).writer("value", type_id, 8)(said, old)


def test_bitfields_are_checked_by_their_width() -> None:
    written = by_btf(4, {"a": 7, "b": -16, "level": "high", "port": "80"})
    assert one(Types(TYPES).column(4), written) == {"a": 7, "b": -16, "level": "High", "port": 80}
    assert one(Types(TYPES).column(4), by_btf(4, "a=1", written)) == {
        "a": 1,
        "b": -16,
        "level": "High",
        "port": 80,
    }
    shown = one(Types(TYPES).column(4), by_btf(4, "port=none", written))
    assert shown == {"a": 7, "b": -16, "level": "High", "port": "none"}
    for said, told in {
        "a=8": r"value\.a can't be '8': it is a number from 0 to 7",
        "b=16": r"value\.b .* from -16 to 15",
        "level=16": r"value\.level can't be '16': it has 4 bits",
    }.items():
        with pytest.raises(BadRequest, match=told):
            by_btf(4, said, written)


def test_enums_by_name_and_number() -> None:
    assert by_btf(3, "low") == by_btf(11, "LOW") == b"\xff" * 4
    assert by_btf(3, "7") == by_btf(3, 7) == by_btf(3, "HIGH") == packed("I", 7)
    assert by_btf(3, 17) == packed("I", 17), "as any number that a map holds"
    with pytest.raises(BadRequest, match="did you mean 'High'"):
        by_btf(3, "hihg")


def test_one_member_of_a_union_is_enough_and_several_have_to_agree() -> None:
    assert by_btf(7, "low=5") == b"\5\0\0\0"
    assert by_btf(7, {"ip": 0x04030201, "oct": [1, 2, 3, 4], "low": 1}) == packed("I", 0x04030201)
    assert by_btf(7, "low=5", b"\1\2\3\4") == b"\5\0\0\0"
    with pytest.raises(BadRequest, match="say different things: ip, low"):
        by_btf(7, "ip=1 low=2")
    with pytest.raises(BadRequest, match="one member is needed"):
        by_btf(7, {})


def test_members_of_unnamed_members_are_spoken_of_as_the_outer_ones() -> None:
    assert by_btf(12, ["n=1", "low=5"]) == packed("II", 5, 1)
    with pytest.raises(BadRequest, match="value lacks ip/oct/low"):
        by_btf(12, "n=1")
    with pytest.raises(BadRequest, match=r"value\.low can't be '256'"):
        by_btf(12, "n=1 low=256")


def test_what_is_only_called_so_is_written_as_what_it_is() -> None:
    assert by_btf(13, "80") == b"\x50"
    with pytest.raises(BadRequest, match="from 0 to 255"):
        by_btf(13, "none")
    assert by_btf(14, "0x01020304") == b"\1\2\3\4"
    with pytest.raises(BadRequest, match="write its 4 bytes"):
        by_btf(14, "80")


def test_pointers_and_unknown_kinds_are_bytes() -> None:
    assert by_btf(10, "0x" + "01" * 8) == b"\1" * 8
