"""Saved maps: what is said of them and their elements, and times that are moved."""

import struct

import pytest

from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import Types
from xdpctl.core.maps.saved_file import About, Header, SavedElement, moved, read, times
from xdpctl.errors import BadRequest

FIRST = '{"schema":1,"saved":"2026-11-20T15:00:00.000Z","boot":5,"map":{"id":1,"name":"m","type":"hash"}}\n'


def test_a_saved_map() -> None:
    text = f'{FIRST}{{"key":1,"value":2}}\n\n{{"key":{{"a":1}},"cpus":[3,4]}}\n{{"elements":2}}\n'
    header, lines = read(text, "f")
    assert header == Header(1, "2026-11-20T15:00:00.000Z", 5, About("m", "hash"))
    assert [*lines] == [(2, SavedElement(1, 2)), (4, SavedElement({"a": 1}, cpus=(3, 4)))]
    assert (SavedElement(1, 2).values, SavedElement(1, cpus=(3, 4)).values) == ((2,), (3, 4))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "f is no saved map"),
        ("key,value\n", "f is no saved map"),
        (FIRST.replace('"schema":1', '"schema":2'), "f has the schema 2, and this xdpctl reads 1"),
        (FIRST, "f was cut off"),
        (f'{FIRST}{{"key":1,"value":2}}', "f was cut off"),
        (f'{FIRST}{{"key":1,"value":2}}\n{{"elements":2', "f was cut off"),
        (f'{FIRST}{{"key":1,"value":2}}\n{{"elements":2}}', "f has 1 element, and its last line says 2"),
        (f'{FIRST}{{"key":1\n{{"elements":1}}', "f:2: this is no element"),
        (f'{FIRST}{{"key":1,"valu":1}}\n{{"elements":1}}', "f:2: this is no element"),
    ],
)
def test_what_is_no_saved_map(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        [*read(text, "f")[1]]


def test_where_times_are() -> None:
    words = "{a:u32,first:time_first_t,in:{n:u8,last:time_last_t[2]},n:u64}"
    everything, ends = as_types(f"key:u32 value:{words}")
    assert [*times(Types(everything.types), ends.types[1].id)] == [8, 24, 32]
    assert [*times(Types(everything.types), ends.types[0].id)] == []


@pytest.mark.parametrize(
    ("time", "by", "after"),
    [(0, 100, 0), (50, 100, 150), (50, -49, 1), (50, -100, 1), (2**64 - 5, 100, 2**64 - 1)],
)
def test_times_from_another_start_on(time: int, by: int, after: int) -> None:
    value = struct.pack("=QQQ", 7, time, 7)
    assert moved(value, [8], by) == struct.pack("=QQQ", 7, after, 7)
