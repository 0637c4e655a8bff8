"""Keys and values of a map to bytes and back: of one CPU, of each, or of none; with types and without."""

import struct
import sys
from ipaddress import ip_network
from typing import Any

import pytest

from xdpctl.core.btf.columns import same_meaning
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import MapTypes
from xdpctl.core.encode.text import Input
from xdpctl.core.encode.words import parse_input
from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.change import EVERY_CPU
from xdpctl.core.maps.codec import Codec, longest_prefix
from xdpctl.core.maps.decode import layout_of, notation
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest, NoSuchKey

OLD = (b"\1\2", b"\3\4", b"\5\6")
U32 = struct.Struct("=I")


def codec(notation: str = "key:u32 value:{a:u8,b:u8}", map_type: str = "hash", key_size: int = 4) -> Codec:
    """Of a map that has these types, or none."""
    types = MapTypes(*as_types(notation)) if notation else MapTypes()
    map_ = Map(MapId(7), map_type, "m", key_size, 2, 9)
    return Codec(map_, types, layout_of(map_, types, False, 0))


def values(said: Input, old: tuple[bytes, ...], cpu: int | None, map_type: str) -> tuple[bytes, ...]:
    return codec(map_type=map_type).encode_values(said, old, cpu, 3)


@pytest.mark.parametrize(
    ("said", "old", "cpu", "new"),
    [
        ("a=9", OLD, 1, (b"\1\2", b"\x09\4", b"\5\6")),
        ("a=9", OLD, EVERY_CPU, (b"\x09\2", b"\x09\4", b"\x09\6")),
        ("a=0", OLD, None, (b"\0\2", b"\0\4", b"\0\6")),
        ("a=9 b=8", (), 2, (b"\0\0", b"\0\0", b"\x09\x08")),
        ("a=9 b=8", (), EVERY_CPU, (b"\x09\x08",) * 3),
    ],
)
def test_values_of_cpus(said: str, old: tuple[bytes, ...], cpu: int | None, new: tuple[bytes, ...]) -> None:
    assert values(said, old, cpu, "percpu_hash") == new


@pytest.mark.parametrize(
    ("cpu", "map_type", "says"),
    [
        (None, "percpu_hash", "say which CPU gets this.*\n.*\n.*the sum is 3 times as much"),
        (3, "percpu_hash", "there is no CPU 3\nknown: 0 to 2, or all"),
        (0, "hash", "which has one value for all CPUs"),
        (EVERY_CPU, "hash", "which has one value for all CPUs"),
    ],
)
def test_what_is_refused(cpu: int | None, map_type: str, says: str) -> None:
    with pytest.raises(BadRequest) as caught:
        values("a=9", OLD, cpu, map_type)
    caught.match(says)


def test_the_value_of_all_cpus_together() -> None:
    assert values("a=9", (b"\1\2",), None, "hash") == (b"\x09\2",)


@pytest.mark.parametrize(
    ("notation", "map_type", "said", "key"),
    [
        ("key:u32 value:u16", "hash", "10", U32.pack(10)),
        ("key:{a:u16,b:u16} value:u16", "hash", ["b=2", "a=1"], struct.pack("=2H", 1, 2)),
        ("", "array", "8", U32.pack(8)),
        ("", "array", "0x08000000", bytes([8, 0, 0, 0])),
        ("", "hash", "0x0a000001", bytes([10, 0, 0, 1])),
        ("key:u64 value:u16", "hash", "0x0a000001", bytes([10, 0, 0, 1])),  # not the type of these keys
    ],
)
def test_a_key(notation: str, map_type: str, said: Input, key: bytes) -> None:
    assert codec(notation, map_type).encode_key(said) == key


@pytest.mark.parametrize(
    ("notation", "map_type", "said", "error", "says"),
    [
        ("", "hash", "8", BadRequest, "^key can't be '8'\nwrite its 4 bytes in hexadecimal"),
        ("", "array", "9", NoSuchKey, "m has no element 9"),
        ("", "array", "010", BadRequest, "^key can't be '010': C would read it as octal"),
        ("", "array", "4294967296", BadRequest, "^key can't be '4294967296': it is a number from 0 to"),
        ("key:u32 value:u16", "array", "9", NoSuchKey, "m has no element 9"),
    ],
)
def test_no_key(notation: str, map_type: str, said: str, error: type[BadRequest], says: str) -> None:
    with pytest.raises(error) as caught:
        codec(notation, map_type).encode_key(said)
    caught.match(says)


@pytest.mark.parametrize(
    ("notation", "map_type", "key", "words"),
    [
        ("key:u32 value:u16", "hash", U32.pack(10), "10"),
        ("key:ipv4 value:u16", "hash", bytes([10, 0, 0, 1]), "10.0.0.1"),
        ("key:{a:u16,b:u16} value:u16", "hash", struct.pack("=2H", 1, 2), "a=1 b=2"),
        ("key:char[4] value:u16", "hash", b"a b\0", "a b"),
        ("key:char[4] value:u16", "hash", b"a\xffb\0", "[97,255,98,0]"),
        ("key:char[4] value:u16", "hash", b"hex:", "hex:"),
        ("", "hash", bytes([10, 0, 0, 1]), "0x0a000001"),
    ],
)
def test_words_of_a_key_mean_it(notation: str, map_type: str, key: bytes, words: str) -> None:
    found = codec(notation, map_type)
    assert found.key_in_words(key) == words
    assert found.encode_key(parse_input([words])) == key


def test_the_key_of_a_trie() -> None:
    found = codec("key:{prefixlen:u32,addr:ipv4} value:u16", "lpm_trie", key_size=8)
    key = U32.pack(8) + bytes([10, 0, 0, 0])
    assert found.key_in_words(key) == "10.0.0.0/8"
    assert found.encode_key("10.0.0.0/8") == key


@pytest.mark.parametrize(
    ("notation", "columns"),
    [
        ("key:u32 value:u16", ("key",)),
        ("key:{a:u8,in:{b:u8},c:u16} value:u16", ("a", "in.b", "c")),
        ("", ("key",)),
    ],
)
def test_columns_of_a_key(notation: str, columns: tuple[str, ...]) -> None:
    assert codec(notation).key_columns == columns


@pytest.mark.parametrize(
    ("notation", "held", "shown"),
    [
        ("key:u32 value:{a:u8,b:u8}", OLD, ({"a": 9, "b": 12},)),
        ("key:u32 value:{a:u8,b:u8}", OLD[:1], ({"a": 1, "b": 2},)),
        ("key:u32 value:{a:u8,b:u8}", (), ()),
        ("", (b"\1\2", b"\3\4", b"\1\2"), ("0x0102", "0x0304")),
    ],
)
def test_values_together(notation: str, held: tuple[bytes, ...], shown: tuple[Value, ...]) -> None:
    assert codec(notation).decode_values(held) == shown


def test_an_entry() -> None:
    found: Any = codec(map_type="percpu_hash").decode_entry(U32.pack(3), OLD, per_cpu=True)
    assert (found.key, found.value) == (3, {"a": 9, "b": 12})
    assert [part.value for part in found.per_cpu] == [{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": 5, "b": 6}]


@pytest.mark.parametrize(("map_type", "size"), [("devmap", 8), ("devmap_hash", 4), ("cpumap", 8)])
def test_what_is_known_by_the_type_of_a_map_alone(map_type: str, size: int) -> None:
    map_ = Map(MapId(7), map_type, "m", 4, size, 9)
    found = layout_of(map_, MapTypes(), False, 0)
    written = layout_of(map_, MapTypes(*as_types(notation(found.value, of_devices=True))), False, 0)
    assert found.typed
    assert same_meaning(found.key, written.key)
    assert same_meaning(found.value, written.value)


def prefix_key(text: str) -> bytes:
    network = ip_network(text)
    return network.prefixlen.to_bytes(4, sys.byteorder) + network.network_address.packed


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("10.1.2.3/32", "10.1.0.0/16"),
        ("10.1.0.0/16", "10.1.0.0/16"),
        ("10.2.0.0/15", "10.0.0.0/8"),
        ("11.0.0.0/32", "0.0.0.0/0"),
    ],
)
def test_the_longest_prefix(asked: str, found: str) -> None:
    keys = [prefix_key(text) for text in ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.4/32")]
    assert longest_prefix(keys, prefix_key(asked)) == prefix_key(found)


def test_no_prefix() -> None:
    assert longest_prefix([prefix_key("10.0.0.0/8")], prefix_key("11.0.0.0/8")) == prefix_key("11.0.0.0/8")
