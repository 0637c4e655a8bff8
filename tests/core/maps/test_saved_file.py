"""Saved maps: what is said of them and their elements, and times that are moved."""

import json
import struct
from typing import Any

import pytest

from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import MapTypes, Types
from xdpctl.core.encode.cells import NotPlain
from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.change import Values, in_slots
from xdpctl.core.maps.codec import Codec
from xdpctl.core.maps.decode import layout_of
from xdpctl.core.maps.restoring import Restoring, moved, times
from xdpctl.core.maps.saved_file import About, Header, SavedElement, blocks, check
from xdpctl.errors import BadRequest, NoSuchMember

FIRST = '{"schema":1,"saved":"2026-11-20T15:00:00.000Z","boot":5,"map":{"id":1,"name":"m","type":"hash"}}\n'


def read(text: str, name: str) -> tuple[Header, list[tuple[int, SavedElement]]]:
    lines = text.splitlines(True)
    header, count = check(lines, name)
    found = blocks(lines, name, count)
    return header, [pair for block in found for pair in zip(block.lines, block.rows, strict=True)]


def test_a_saved_map() -> None:
    text = f'{FIRST}{{"key":1,"value":2}}\n\n{{"key":{{"a":1}},"cpus":[3,4]}}\n{{"elements":2}}\n'
    header, lines = read(text, "f")
    assert header == Header(1, "2026-11-20T15:00:00.000Z", 5, About("m", "hash"))
    assert lines == [(2, SavedElement(1, 2)), (4, SavedElement({"a": 1}, cpus=(3, 4)))]
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
        (f'{FIRST}{{"key":"\\ud800"}}\n{{"elements":1}}', r"f:2: this is no element: \\ud800 is half"),
        (f'{FIRST}{{"key":1,"valu":1}}\n{{"elements":1}}', "f:2: this is no element"),
    ],
)
def test_what_is_no_saved_map(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read(text, "f")


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


def restoring(map_type: str = "percpu_hash", typed: bool = True) -> Restoring:
    """By a machine with two CPUs that was started 100 ns before the one where it was saved."""
    types = MapTypes(*as_types("key:u32 value:{packets:u64,last:time_last_t}")) if typed else MapTypes()
    map_ = Map(MapId(7), map_type, "m", 4, 16, 9)
    return Restoring(Codec(map_, types, layout_of(map_, types, False, 5), 5), Header(1, "", 105, ABOUT), 2)


ABOUT = About("m", "hash")
A, B, NONE = {"packets": 1, "last": 10}, {"packets": 2, "last": 30}, {"packets": 0, "last": 0}


def value(packets: int, last: int) -> bytes:
    return struct.pack("=2Q", packets, last)


@pytest.mark.parametrize(
    ("map_type", "line", "values"),
    [
        ("hash", SavedElement(1, A), (value(1, 110),)),
        ("hash", SavedElement(1, {"packets": 7}), (value(7, 0),)),  # a field that is new
        ("hash", SavedElement(1, cpus=(A, B)), (value(3, 130),)),
        ("percpu_hash", SavedElement(1, cpus=(A, NONE)), (value(1, 110), value(0, 0))),
        ("percpu_hash", SavedElement(1, A), (value(1, 110), value(0, 0))),
        ("percpu_hash", SavedElement(1, cpus=(A, B, NONE)), (value(3, 130), value(0, 0))),
    ],
)
def test_an_element_of_a_map_that_is_there(map_type: str, line: SavedElement, values: Values) -> None:
    found = restoring(map_type).element(line)
    assert (found.key, found.values) == (struct.pack("=I", 1), values)


def as_told(words: str) -> Restoring:
    """Into a map of such values."""
    map_ = Map(MapId(7), "hash", "m", 4, 16 if "u64," in words else 8, 9)
    types = MapTypes(*as_types(f"key:u32 value:{words}"))
    codec = Codec(map=map_, types=types, layout=layout_of(map_, types, False, 0))
    return Restoring(codec, Header(1, "", 0, About("m", "hash")), 1)


@pytest.mark.parametrize(
    ("words", "saved", "written", "note"),
    [
        ("{bytes:u64,packets:u64}", 5, (0, 5), "the numbers of the file are packets; bytes begin at zero"),
        ("u64", {"packets": 5, "bytes": 9}, (5,), "m has packets now; it has no place for bytes"),
        ("u64", {"bytes": 9}, (9,), "m has bytes now"),
    ],
)
def test_a_number_becomes_a_struct_and_the_reverse(
    words: str, saved: Any, written: tuple[int, ...], note: str
) -> None:
    restoring = as_told(words)
    for _ in range(2):
        found = restoring.element(SavedElement(1, saved))
        assert found.values == (struct.pack(f"={len(written)}Q", *written),)
    assert [*restoring.notes] == [note]


@pytest.mark.parametrize(("words", "saved"), [("{a:u64,b:u64}", 5), ("u64", {"a": 1, "b": 2}), ("u64", {})])
def test_a_number_that_could_be_any_member(words: str, saved: Any) -> None:
    with pytest.raises(BadRequest, match="values of m are"):
        as_told(words).element(SavedElement(1, saved))


def test_what_cannot_be_restored() -> None:
    with pytest.raises(NoSuchMember, match=r"has no member 'bytes'\n.*\nbuild the map with that field"):
        restoring().element(SavedElement(1, {"packets": 1, "bytes": 2}))
    of_three = SavedElement("0x01000000", cpus=("0x" + "00" * 16,) * 3)
    with pytest.raises(BadRequest, match="values of 3 CPUs, which can't be added up without BTF"):
        restoring(typed=False).element(of_three)


@pytest.mark.parametrize("map_type", ["hash", "percpu_hash"])
@pytest.mark.parametrize("value_type", ["{n:s32,last:time_last_t,in:{a:u8,b:ipv4}}", "u32", "time_last_t"])
def test_many_become_what_each_becomes(map_type: str, value_type: str) -> None:
    types = MapTypes(*as_types(f"key:{{addr:ip_addr,port:u16}} value:{value_type}"))
    size = Types(types.everything.types).size(types.key_and_value.types[1].id)
    map_ = Map(MapId(7), map_type, "m", 24, size, 9)
    codec = Codec(map_, types, layout_of(map_, types, False, 5), 5, lenient=True)
    restoring = Restoring(codec, Header(1, "", 105, ABOUT), 2)
    per_cpu = map_type == "percpu_hash"
    keys = [struct.pack("=I16sHxx", 4, bytes([10, 0, 0, n]) + bytes(12), n) for n in range(5)]
    held = [bytes([n + place for place in range(size)]) if n else bytes(size) for n in range(10)]
    shown = codec.raw.key.values(b"".join(keys), 24), codec.raw.value.values(b"".join(held), size)
    values = [{"cpus": shown[1][2 * n : 2 * n + 2]} if per_cpu else {"value": shown[1][n]} for n in range(5)]
    lines = [json.dumps({"key": key, **value}) for key, value in zip(shown[0], values, strict=True)]
    [block] = blocks([FIRST, *lines], "f", 5)
    assert restoring.packing is not None
    each = [restoring.element(row) for row in block.rows]
    assert restoring.packed(restoring.packing, block) == (
        b"".join(keys),
        b"".join(in_slots(map_, element.values) for element in each),
    )


@pytest.mark.parametrize(
    ("value_type", "told"),
    [("{a:u32,b:u32}", 5), ("u64", {"a": 1}), ("u64", "0x01"), ("{a:u32,b:u32}", {"a": 1}), ("u64", -1)],
)
def test_what_is_told_in_another_way_is_left_to_single_ones(value_type: str, told: Any) -> None:
    restoring = as_told(value_type)
    [block] = blocks([FIRST, json.dumps({"key": 1, "value": told})], "f", 1)
    assert restoring.packing is not None
    with pytest.raises(NotPlain):
        restoring.packed(restoring.packing, block)
