"""Columns become the bytes that each of their cells becomes by itself, or nothing is said of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdpctl.core.btf.notation import as_types
from xdpctl.core.encode import bulk
from xdpctl.core.encode.bulk import Packer
from xdpctl.core.encode.cells import NotPlain
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.encode.members import Writer
from xdpctl.errors import BadRequest

TYPES = """
u8 u16 u32 u64 s8 s32 s64 be16 be32 verdict ip_proto tcp_flags ethertype ip_addr ip_prefix mac mac_addr
in6_addr flow flow6 char[4] u8[6] {a:u8,b:u64,c:be16} {a:{x:u32,y:u8},b:ipv4}
{when:time_first,longest:length_max}
""".split()
ODD = """
- none any 0 1 -1 +1 007 1_0 1e3 0x10 255 256 4095 65535 65536 4294967295 18446744073709551616 hex:00
drop XDP_PASS TCP SYN|ACK 10.0.0.1 10.0.0.01 10.0.0 ::1 2001:db8:: ::ffff:1.2.3.4 fe80::1%lo 1:2:3:4:5:6:7::
10.0.0.0/8 10.0.0.1/8 10.0.0.0/33 10.0.0.0/08 ::/0 2001:db8::/32 0.0.0.0/0 x/1 02:00:00:00:00:01
02-00-00-00-00-01 02:00:00:00:00:1 [1,2,3,4,5,6] abcd 2026-11-20T08:53:20Z
""".split()
ODD += ["", " 1", "\u0661"]
CELLS = st.sampled_from(ODD) | st.text(max_size=4) | st.integers(-(1 << 65), 1 << 65).map(str)
OF_JSON = st.integers(-2, 300) | st.booleans() | st.none() | st.floats() | st.lists(st.integers(0, 3))


def known(words: str, lenient: bool = False) -> tuple[Packer, Writer]:
    dump, key_and_value = as_types(f"key:u32 value:{words}")
    encoder = Encoder(dump.types, lenient=lenient)
    value = key_and_value.types[1].id
    size = encoder.types.size(value)
    found = bulk.packer(encoder, "value", value, size)
    assert found is not None
    return found, encoder.writer("value", value, size)


def by_itself(write: Writer, names: tuple[str, ...], row: tuple[Any, ...]) -> bytes:
    if names == ("value",):
        return write(row[0], None)
    return write(dict(zip(names, row, strict=True)), None)


@pytest.mark.parametrize("words", TYPES)
@given(data=st.data(), lenient=st.booleans())
def test_the_same_as_one_by_one(words: str, data: st.DataObject, lenient: bool) -> None:
    packer, write = known(words, lenient)
    count = data.draw(st.integers(1, 3))
    column = st.lists(CELLS, min_size=count, max_size=count) | st.lists(
        OF_JSON, min_size=count, max_size=count
    )
    columns = [data.draw(column) for _ in packer.fields]
    try:
        packed = packer.pack(columns)
    except NotPlain:
        return
    rows = [*zip(*columns, strict=True)]
    assert packed == b"".join(by_itself(write, packer.names, row) for row in rows)


@pytest.mark.parametrize(
    ("words", "cells"),
    [
        ("u32", ["0", "4294967295"]),
        ("s8", ["-128", "127"]),
        ("u64", [0, (1 << 64) - 1]),
        ("be16", ["80", "65535"]),
        ("ipv4", ["10.0.0.1", "255.255.255.255"]),
        ("ip_addr", ["10.0.0.1", "2001:db8::1"]),
        ("ip_prefix", ["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"]),
        ("mac", ["02:00:00:00:00:01"]),
        ("verdict", ["XDP_DROP", "pass"]),
        ("char[4]", ["abcd", "x"]),
    ],
)
def test_what_is_plain(words: str, cells: list[Any]) -> None:
    packer, write = known(words)
    assert packer.pack([cells]) == b"".join(write(cell, None) for cell in cells)


def test_members_and_padding() -> None:
    packer, write = known("{a:u8,b:{x:u64,y:be16}}")
    assert packer.names == ("a", "b.x", "b.y")
    rows = [("1", "2", "3"), ("255", "0", "65535")]
    packed = packer.pack([*zip(*rows, strict=True)])
    assert packed == b"".join(by_itself(write, packer.names, row) for row in rows)


def test_flows() -> None:
    packer, write = known("flow")
    row = ("10.0.0.1", "10.0.0.2", "80", "443", "TCP")
    assert packer.pack([[cell] for cell in row]) == by_itself(write, packer.names, row)


def test_names_are_remembered_only_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    packer, write = known("ip_proto")
    cells = [str(number) for number in range(200)]
    monkeypatch.setattr("xdpctl.core.encode.cells.MANY", 10)
    for part in (cells[:7], cells[5:30], cells):
        assert packer.pack([part]) == b"".join(write(cell, None) for cell in part)


@pytest.mark.parametrize("cells", [["-1"], ["4294967296"], ["+1"], ["01"], ["1", 1], [True], [None], [1.0]])
def test_what_has_to_be_looked_at(cells: list[Any]) -> None:
    packer, write = known("u32")
    with pytest.raises(NotPlain):
        packer.pack([cells])
    with pytest.raises(BadRequest):
        b"".join(write(cell, None) for cell in (*cells, "x"))
