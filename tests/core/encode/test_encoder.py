"""Words to bytes, by type: what is written, and what is refused."""

import struct
from typing import Any

import pytest

from xdpctl.core.btf.known_types import OF_STRUCTS as SHOWN_STRUCTS
from xdpctl.core.btf.known_types import OF_TIMES
from xdpctl.core.btf.known_types import OF_TYPEDEFS as SHOWN_TYPEDEFS
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import Types
from xdpctl.core.encode.addresses import OF_STRUCTS, OF_TYPEDEFS
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.encode.words import parse_input
from xdpctl.errors import BadRequest

BOOT = 1_700_000_000_000_000_000
COUNTS = "{packets:u64,bytes:u64}"
NESTED = "{a:u8,in:{b:u32,c:u16}}"
TRIE = "{prefixlen:u32,addr:be32}"
NAMED = "{name:char[12],n:u8}"


def write(type_: str, said: Any, old: bytes | None = None, lenient: bool = False) -> bytes:
    """By a type in words."""
    everything, ends = as_types(f"key:u32 value:{type_}")
    value = ends.types[1]
    encoder = Encoder(everything.types, BOOT, lenient)
    return encoder.writer("value", value.id, Types(everything.types).size(value.id))(said, old)


def refused(type_: str, said: Any, **how: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        write(type_, said, **how)
    return str(caught.value)


def packed(form: str, *numbers: int) -> bytes:
    return struct.pack(f"={form}", *numbers)


def test_whatever_is_shown_by_meaning_can_be_written() -> None:
    of_a_namespace = "ifindex_t"  # whose devices have names that the type alone doesn't tell
    assert set(OF_TYPEDEFS) == {*SHOWN_TYPEDEFS, *OF_TIMES, of_a_namespace}
    assert set(OF_STRUCTS) == {name for name, _ in SHOWN_STRUCTS}


@pytest.mark.parametrize(
    ("type_", "said", "written"),
    [
        ("u8", "255", b"\xff"),
        ("u32", "0x1F", packed("I", 31)),
        ("u32", "0", packed("I", 0)),
        ("s8", "-128", b"\x80"),
        ("s64", -1, packed("q", -1)),
        ("u64", 2**64 - 1, packed("Q", 2**64 - 1)),
        ("bool", "true", b"\1"),
        ("bool", False, b"\0"),
        ("be16", "443", b"\x01\xbb"),
        ("be16", "0x01bb", b"\x01\xbb"),
        ("be64", 1, bytes(7) + b"\1"),
        ("ipv4", "10.0.0.1", b"\x0a\0\0\1"),
        ("ipv4", "0x0a000001", b"\x0a\0\0\1"),
        ("ipv6", "2001:DB8::1", bytes.fromhex("20010db8") + bytes(11) + b"\1"),
        ("verdict", "drop", packed("I", 1)),
        ("verdict", "XDP_DROP", packed("I", 1)),
        ("verdict", "xdp_tx", packed("I", 3)),
        ("ip_proto_t", "TCP", packed("I", 6)),
        ("ip_proto_t", "200", packed("I", 200)),
        ("ip_proto_t", "none", packed("I", 256)),
        ("ethertype_t", "ipv4", packed("I", 0x800)),
        ("ethertype_t", "0x88b5", packed("I", 0x88B5)),
        ("dscp_t", "ef", packed("I", 46)),
        ("vlan", "none", packed("I", 4096)),
        ("port_t", "65535", packed("I", 65535)),
        ("tcp_flags_t", "ack|syn", packed("I", 0x12)),
        ("tcp_flags_t", "0", packed("I", 0)),
        ("tcp_flags_t", "none", packed("I", 256)),
        ("log2_t", "64-127", packed("I", 6)),
        ("log2_t", "0-1", packed("I", 0)),
        ("log2_t", 6, packed("I", 6)),
        ("mac", "02:00:00:00:00:FF", bytes.fromhex("0200000000ff")),
        ("mac_addr", "02:00:00:00:00:ff", bytes.fromhex("0200000000ff0000")),
        ("u8[6]", "02:00:00:00:00:ff", bytes.fromhex("0200000000ff")),
        ("ip_addr", "10.0.0.1", packed("I", 4) + b"\x0a\0\0\1" + bytes(12)),
        ("ip_addr", "none", bytes(20)),
        ("ip_prefix", "10.0.0.0/8", packed("II", 40, 4) + b"\x0a" + bytes(15)),
        ("ip_prefix", "10.0.0.1", packed("II", 64, 4) + b"\x0a\0\0\1" + bytes(12)),
        ("ip_prefix", "2001:db8::/32", packed("II", 64, 6) + bytes.fromhex("20010db8") + bytes(12)),
        ("ip_prefix", "any", bytes(24)),
        ("ip_prefix", "none", packed("I", 32) + bytes(20)),
        ("time_last_t", "2023-11-14T22:13:21.234Z", packed("Q", 1_234_000_000)),
        ("time_last_t", "2023-11-14T22:13:21.234567891Z", packed("Q", 1_234_567_891)),
        ("time_last_t", "2023-11-14T22:13:20.000Z", packed("Q", 1)),
        ("time_first_t", None, bytes(8)),
        ("time_first_t", 77, packed("Q", 77)),
        ("length_min_t", "-", bytes(8)),
        ("length_max_t", "1514", packed("Q", 1514)),
        ("char[4]", "eth0", b"eth0"),
        ("char[8]", "hex:0102", b"hex:0102"),
        ("char[4]", [1, 2, 255, 0], b"\1\2\xff\0"),
        ("u16[2]", "[1, 2]", packed("HH", 1, 2)),
        ("u16[2]", ["1", "2"], packed("HH", 1, 2)),
        ("u16[2]", "1 2", packed("HH", 1, 2)),
        ("u16[2][2]", "[[1,2],[3,4]]", packed("HHHH", 1, 2, 3, 4)),
        ("u32", "hex:01 02 03 04", b"\1\2\3\4"),
    ],
)
def test_words(type_: str, said: Any, written: bytes) -> None:
    assert write(type_, said) == written


@pytest.mark.parametrize(
    ("type_", "words", "written"),
    [
        (COUNTS, ["packets=5", "bytes=6"], packed("QQ", 5, 6)),
        (COUNTS, ["bytes=6,packets=5"], packed("QQ", 5, 6)),
        (COUNTS, ["packets=5 bytes=6"], packed("QQ", 5, 6)),
        (COUNTS, ["5", "6"], packed("QQ", 5, 6)),
        (COUNTS, ["{'packets': 5, 'bytes': 6}"], packed("QQ", 5, 6)),
        (COUNTS, ['{"packets":5,"bytes":6}'], packed("QQ", 5, 6)),
        ("{n:u64}", ["5"], packed("Q", 5)),
        (NESTED, ["a=1", "in.b=2", "in.c=3"], packed("B3xIH2x", 1, 2, 3)),
        (NESTED, ["a=1", "in={b=2,c=3}"], packed("B3xIH2x", 1, 2, 3)),
        (NESTED, ["1", "[2,3]"], packed("B3xIH2x", 1, 2, 3)),
        (f"{NESTED}[1]", ["[{'a': 1, 'in': {'b': 2, 'c': 3}}]"], packed("B3xIH2x", 1, 2, 3)),
        (NAMED, ["name=two words", "n=1"], b"two words\0\0\0\1"),
        (NAMED, ['name="two words" n=1'], b"two words\0\0\0\1"),
        (NAMED, ["two words", "1"], b"two words\0\0\0\1"),
        (NAMED, ["name=a=b", "n=1"], b"a=b" + bytes(9) + b"\1"),
        (NAMED, ["{'name': 'a, \"b\" ]', 'n': 1}"], b'a, "b" ]' + bytes(4) + b"\1"),
        (NAMED, [r"{'name': 'it\'s', 'n': 1}"], b"it's" + bytes(8) + b"\1"),
        (TRIE, ["10.0.0.0/8"], packed("I", 8) + b"\x0a\0\0\0"),
        (TRIE, ["10.0.0.1"], packed("I", 32) + b"\x0a\0\0\1"),
        (TRIE, ["prefixlen=8", "addr=10.0.0.0"], packed("I", 8) + b"\x0a\0\0\0"),
        (TRIE, ["8", "10.0.0.0"], packed("I", 8) + b"\x0a\0\0\0"),
        ("{prefixlen:u32,data:u32}", ["10.0.0.0/8"], packed("I", 8) + b"\x0a\0\0\0"),
        ("{prefixlen:u32,data:u8[4]}", ["10.0.0.0/8"], packed("I", 8) + b"\x0a\0\0\0"),
        (
            "{prefixlen:u32,to:ipv6}",
            ["2001:db8::/32"],
            packed("I", 32) + bytes.fromhex("20010db8") + bytes(12),
        ),
        (
            "flow",
            ["src_ip=10.0.0.1", "dst_ip=10.0.0.2", "src_port=1", "dst_port=53", "ip_proto=udp"],
            bytes([10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 53]) + packed("HBB", 17, 4, 1),
        ),
        (
            "flow",
            ["10.0.0.1 10.0.0.2 none none icmp"],
            bytes([10, 0, 0, 1, 10, 0, 0, 2, 0, 0, 0, 0]) + packed("HBB", 1, 4, 0),
        ),
        ("flow", ["none"] * 5, bytes(12) + packed("HBB", 256, 0, 0)),
        (
            "{at:flow6,n:u8}",
            ["at={::1 ::2 1 2 tcp}", "n=3"],
            bytes(15) + b"\1" + bytes(15) + b"\2\0\1\0\2" + packed("HBB", 6, 6, 1) + b"\3\0\0\0",
        ),
        ("u32", ["hex:01", "02", "03", "04"], b"\1\2\3\4"),
    ],
)
def test_words_of_a_command_line(type_: str, words: list[str], written: bytes) -> None:
    assert write(type_, parse_input(words)) == written


@pytest.mark.parametrize(
    ("type_", "said", "told"),
    [
        ("u8", "300", "value can't be '300': it is a number from 0 to 255"),
        ("u8", 300, "value can't be 300: it is a number from 0 to 255"),
        ("u64", "-1", "it is a number from 0 to 18446744073709551615"),
        ("s8", "-129", "from -128 to 127"),
        ("u32", "010", "value can't be '010': C would read it as octal\ndid you mean '10'?"),
        (
            "u32",
            "+1",
            "can't be '+1': numbers have no plus sign\nset overwrites, it doesn't add: did you mean '1'?",
        ),
        ("s64", " +0x1F", "did you mean '0x1F'?"),
        ("u64", "+=1", "set overwrites, it doesn't add: did you mean '1'?"),
        ("u64", "+010", "no plus sign"),
        ("bool", "+1", "no plus sign"),
        ("be16", "+443", "no plus sign"),
        ("port_t", "+443", "no plus sign"),
        ("ip_proto_t", "+6", "no plus sign"),
        ("log2_t", "+64-127", "did you mean '64-127'?"),
        (COUNTS, "packets=+1 bytes=2", "value.packets can't be '+1': numbers have no plus sign"),
        (COUNTS, {"packets": "+1", "bytes": 2}, "value.packets can't be '+1'"),
        (COUNTS, "packets+=1 bytes=2", "can't be"),
        (COUNTS, "1,+2", "value.bytes can't be '+2'"),
        ("u32[2]", "[1,+2]", "value[1] can't be '+2'"),
        ("u32[2]", "[0]=1 [1]=+2", "value[1] can't be '+2'"),
        ("u32", "1.5", "it is a number"),
        ("u32", 1.5, "it is a number"),
        ("u32", True, "value can't be true"),
        ("u32", None, "value can't be null"),
        ("u32", "", "it is a number"),
        ("u32", "1_0", "it is a number"),
        ("u32", "\uff19", "it is a number"),
        ("u32", "9" * 5000, "99…: it is a number from"),
        ("bool", "2", "it is true or false"),
        ("be16", "65536", "from 0 to 65535"),
        ("ipv4", "10.0.0.256", "write an IPv4 address, like 10.0.0.1"),
        ("ipv4", "10.0.0.0/8", "write an IPv4 address, like 10.0.0.1"),
        ("ipv4", "::1", "write an IPv4 address"),
        ("ipv4", 1, "write an IPv4 address"),
        ("ipv6", "fe80::1%eth0", "write an IPv6 address"),
        ("ipv4", "0x0a00", "it has 4 bytes, this is 2"),
        ("ip_addr", "10.0.0.0/8", "write an address"),
        ("verdict", "dorp", "did you mean 'drop'?"),
        ("verdict", "5", "it is a number from 0 to 4"),
        ("ip_proto_t", "tpc", "did you mean 'tcp'?"),
        ("ip_proto_t", "256", "it is a number from 0 to 255"),
        ("port_t", ["5", "6"], "can't be '5 6': it is a number"),
        ("port_t", "70000", "it is a number from 0 to 65535"),
        ("port_t", "http", "it is a number from 0 to 65535 or none"),
        ("tcp_flags_t", "syn|akc", "there is no flag 'akc'\ndid you mean 'ack'?"),
        ("log2_t", "64", "did you mean '64-127'?"),
        ("log2_t", "64-100", "did you mean '64-127'?"),
        ("log2_t", "long", "write a range of lengths, like 64-127"),
        ("mac", "02:00", "write a MAC address"),
        ("{smac:u8[6]}", ["smac=1:2:3:4:5:6"], "write a MAC address, like 02:00:00:00:00:01"),
        ("{key:u8[6]}", ["key=02-00-00-00-00-01"], "write a MAC address, like 02:00:00:00:00:01"),
        ("u8[6]", "02:00:00:00:01", "write a MAC address"),
        ("u8[6]", "[1,2]", "write them like [1,2,3]"),
        ("ip_prefix", "10.1.0.0/8", "did you mean '10.0.0.0/8'?"),
        ("ip_prefix", "10.0.0.0/33", "write an address or a prefix"),
        ("ip_prefix", "10.0.0.0/08", "write an address or a prefix"),
        (TRIE, "10.0.0.1/8", "did you mean '10.0.0.0/8'?"),
        (TRIE, "::/8", "it is a prefix of IPv4"),
        (TRIE, "8", "value has 2 members, 1 is given\nits members: prefixlen, addr"),
        ("{n:u32,addr:be32}", "10.0.0.0/8", "value has 2 members, 1 is given"),
        ("{prefixlen:u32,addr:u8[8]}", "10.0.0.0/8", "value has 2 members, 1 is given"),
        ("time_last_t", "yesterday", "write a time like"),
        ("time_last_t", "2023-02-30T00:00:00Z", "there is no such time"),
        ("time_last_t", "2023-11-14T22:13:19Z", "before this machine was started"),
        ("time_last_t", "9999-11-14T22:13:19Z", "doesn't go so far"),
        ("char[4]", "hello", "it has room for 4 bytes, this has 5"),
        ("char[4]", "é" * 3, "it has room for 4 bytes, this has 6"),
        ("char[4]", "a\ufffd", "dump --raw shows them"),
        ("u8[8]", "02:00:00:00:00:01", "value has 8 elements, 1 is given"),
        ("u16[3]", "[1,2]", "value has 3 elements, 2 are given"),
        ("u16[3]", "[1,2,99999]", "value[2] can't be '99999'"),
        ("u16[3]", "a=1", "it is a list"),
        (COUNTS, "packets=1", "value lacks bytes\ngive every member"),
        (
            "{" + " ".join(f"m{n}:u8" for n in range(12)) + "}",
            "m3=1",
            "lacks m0, m1, m2, m4, m5, m6 and 5 more",
        ),
        (COUNTS, "pakets=1 bytes=2", "value has no member 'pakets'\ndid you mean 'packets'?"),
        (COUNTS, ["packets=1", "packets=2"], "value has 'packets' twice"),
        (COUNTS, ["packets=1", "2"], "some members are named"),
        (COUNTS, {"packets": 1, "bytes": -1}, "value.bytes can't be -1"),
        (COUNTS, "{packets=1", "brackets don't match"),
        (COUNTS, "packets='1", "can't be \"'1\""),
        (COUNTS, "'", "a quote isn't closed"),
        (COUNTS, "[" * 10_000, "brackets don't match"),
        (NAMED, r"{'name': 'a\n', 'n': 1}", "of backslashes only"),
        (NESTED, ["a=1", "in.b=2"], "value.in lacks c"),
        (
            NESTED,
            ["a=1", "in.b=2", "in.c=70000"],
            "value.in.c can't be '70000': it is a number from 0 to 65535",
        ),
        (NESTED, ["a=1", "in.b=2", "in={b=1,c=2}"], "value has 'in' twice"),
        ("flow", "src_ip=10.0.0.1", "value lacks dst_ip, src_port, dst_port, ip_proto"),
        ("flow", "10.0.0.1 none 1 2 tcp", "can't have src_ip without dst_ip"),
        ("flow", "10.0.0.1 ::1 1 2 tcp", "value.dst_ip can't be '::1'"),
        ("flow", "srcip=1", "value has no member 'srcip'\ndid you mean 'src_ip'?"),
        ("u32", "hex:01", "it has 4 bytes, this is 1"),
        ("u32", "hex:0g", "write its 4 bytes in hexadecimal: 0x01020304"),
    ],
)
def test_what_a_type_cannot_hold(type_: str, said: Any, told: str) -> None:
    assert told in refused(type_, said)


def test_a_member_that_is_left_out_keeps_its_value() -> None:
    old = packed("QQ", 7, 8)
    assert write(COUNTS, "packets=0", old) == packed("QQ", 0, 8)
    assert write(NESTED, ["in.c=9"], packed("B3xIH2x", 1, 2, 3)) == packed("B3xIH2x", 1, 2, 9)
    assert write(NAMED, "name=ab", b"longer name!\1") == b"ab" + bytes(10) + b"\1", "nothing of the old text"
    assert write(NAMED, "name=two words", bytes(12) + b"\1") == b"two words\0\0\0\1"
    assert write(NESTED, ["a=1"], b"\xff" * 12) == b"\1\0\0\0" + b"\xff" * 6 + b"\0\0", "padding is zero"


def test_what_a_map_holds_can_be_named_however_odd() -> None:
    """To delete or restore it; lengths are powers in what `dump --raw` prints."""
    assert write("ip_proto_t", "300", lenient=True) == packed("I", 300)
    assert write("port_t", 65536, lenient=True) == packed("I", 65536)
    assert write("log2_t", "6", lenient=True) == packed("I", 6)
    assert write(TRIE, "10.0.0.1/8", lenient=True) == packed("I", 8) + b"\x0a\0\0\1"
    assert "from 0 to 4294967295" in refused("ip_proto_t", 2**32, lenient=True)


def test_without_a_type_bytes_are_written_as_they_are() -> None:
    write_bytes = Encoder(()).writer("key", 0, 4)
    for said in ("0x01020304", "hex:01 02 03 04", "hex:01:02:03:04"):
        assert write_bytes(said, None) == b"\1\2\3\4"
    for wrong in ("1", "0x1", "0x010203", "0x0102030405", 1):
        with pytest.raises(BadRequest, match=r"^key can't be "):
            write_bytes(wrong, None)
