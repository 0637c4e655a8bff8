"""What two readings of a map tell."""

import struct

import pytest

from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import BtfDump, BtfType, Variable
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Layout, bytes_as_they_are, layout
from xdpctl.core.why import growth
from xdpctl.core.why.growth import ContentSnapshot


def of(words: str, size: int) -> Layout:
    return layout(*as_types(f"key:u32 value:{words}"), (4, size), raw=False)


NUMBER, SIGNED = of("u64", 8), of("s64", 8)
COUNTS = of("{bytes:u64,packets:u64}", 16)


def held(*numbers: int, stride: int = 8, cpus: int = 1) -> ContentSnapshot:
    values = struct.pack(f"={len(numbers)}q", *numbers)
    keys = bytes(4 * (len(values) // stride // cpus))
    return growth.content([Chunk(keys, values, 4, stride, cpus)])


@pytest.mark.parametrize(
    ("before", "now", "meaning", "counted"),
    [
        (held(3), held(5, 1), NUMBER, 3),
        (held(60, 1, stride=16), held(300, 4, stride=16), COUNTS, 3),
        (held(1, 2, cpus=2), held(2, 4, cpus=2), NUMBER, 3),
        (held(5), held(3), NUMBER, None),
        (held(-5), held(3), SIGNED, 8),
        (held(1, 1, stride=16), held(2, 2, stride=16), of("{count:u64,bytes:u64}", 16), None),
        (held(1), held(2), of("{packets:be64}", 8), None),
        (held(1), held(2), of("time_last_t", 8), None),
        (held(1), held(2), bytes_as_they_are(4, 8), None),
        (ContentSnapshot(), held(2), NUMBER, 2),
    ],
)
def test_packets(before: ContentSnapshot, now: ContentSnapshot, meaning: Layout, counted: int | None) -> None:
    assert growth.counted(before, now, meaning) == counted


def test_a_value_has_more_room_than_it_needs() -> None:
    assert growth.counted(held(1, stride=8), held(9, stride=8), of("u32", 4)) == 8


def test_lost() -> None:
    variables = (Variable(1, 0, 8), Variable(2, 8, 8))
    names = (BtfType(1, "VAR", "next_message"), BtfType(2, "VAR", "pkt_cnt_lost"))
    btf = BtfDump((*names, BtfType(3, "DATASEC", ".bss", vars=variables)))
    before, now = held(9, 2, stride=16), held(10, 7, stride=16)
    assert growth.lost("pkt_cnt", btf, before, now) == 5
    assert growth.lost("other", btf, before, now) == 0
    assert growth.lost("pkt_cnt", btf, ContentSnapshot(), ContentSnapshot()) == 0


def test_where_a_reading_is_cut_makes_no_difference() -> None:
    one, other = Chunk(b"1", b"a", 1, 1), Chunk(b"2", b"b", 1, 1)
    assert growth.content([one, other]) == growth.content([Chunk(b"12", b"ab", 1, 1)])
    assert growth.content([one, other]).elements == 2
    assert growth.content([]).elements == 0
