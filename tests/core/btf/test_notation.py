"""Types told by words: laid out as C lays out structs, and read as those that BTF tells."""

import struct

import pytest

from xdpctl.core.btf.columns import one
from xdpctl.core.btf.notation import INTEGERS, STRUCTS, TYPEDEFS, as_types
from xdpctl.core.btf.types import BtfType, Types
from xdpctl.core.maps.decode import layout
from xdpctl.errors import BadRequest

from ..conftest import Compile


def value_of(words: str) -> tuple[Types, BtfType]:
    everything, ends = as_types(f"key:u32 value:{words}")
    return Types(everything.types), ends.types[1]


def read(words: str, data: bytes, raw: bool = False) -> object:
    types, value = value_of(words)
    return one(Types(tuple(types.types.values()), raw).column(value.id), data)


def test_key_and_value_are_read_as_with_btf() -> None:
    found = layout(*as_types("value:{packets:u64, bytes:u64} key:ip_proto_t"), (4, 16), raw=False)
    assert found.typed
    assert one(found.key, struct.pack("=I", 6)) == "tcp"
    assert one(found.value, struct.pack("=QQ", 1, 60)) == {"packets": 1, "bytes": 60}


@pytest.mark.parametrize(
    ("words", "data", "shown"),
    [
        ("s16", struct.pack("=h", -2), -2),
        ("bool", b"\1", True),
        ("char[8]", b"eth0\0\0\0\0", "eth0"),
        ("u16[2][3]", struct.pack("=6H", *range(6)), [[0, 1, 2], [3, 4, 5]]),
        ("be16", b"\1\xbb", 443),
        ("be64", bytes(7) + b"\7", 7),
        ("ipv4", b"\x0a\0\0\1", "10.0.0.1"),
        ("be32", b"\x0a\0\0\1", "10.0.0.1"),
        ("ipv6", bytes(15) + b"\1", "::1"),
        ("mac", bytes.fromhex("0200000000ff"), "02:00:00:00:00:ff"),
        ("mac_addr", bytes.fromhex("0200000000ff0000"), "02:00:00:00:00:ff"),
        ("verdict", struct.pack("=I", 2), "XDP_PASS"),
        ("xdp_action_t", struct.pack("=I", 2), "XDP_PASS"),
        ("port", struct.pack("=I", 65536), "none"),
        ("time_first_t", bytes(8), None),
        ("ip_addr", bytes(20), "none"),
        ("ip_prefix", bytes(24), "any"),
        (
            "{a:u8 in:{b:u16}[2] c:mac}",
            b"\1\0\2\0\3\0" + bytes(6),
            {"a": 1, "in": [{"b": 2}, {"b": 3}], "c": "00:00:00:00:00:00"},
        ),
    ],
)
def test_types(words: str, data: bytes, shown: object) -> None:
    types, value = value_of(words)
    assert types.size(value.id) == len(data)
    assert read(words, data) == shown


@pytest.mark.parametrize("raw", [False, True])
def test_every_word_is_a_type(raw: bool) -> None:
    for word in (*INTEGERS, *TYPEDEFS, *STRUCTS):
        types, value = value_of(word)
        shown = read(word, bytes(types.size(value.id)), raw)
        assert type(shown) is not str or not shown.startswith("0x") or raw, f"{word} is read as bytes"


C_TYPES = {
    **{word: f"__{word}" for word in INTEGERS if word[1:].isdigit()},
    **{word: f"__{word}" for word in ("be16", "be32", "be64")},
    "char": "char",
    "bool": "_Bool",
    "ipv6": "struct in6_addr",
    "ip_addr": "struct ip_addr",
    "ip_prefix": "struct ip_prefix",
    "mac_addr": "struct mac_addr",
    "flow": "struct flow",
    "flow6": "struct flow6",
}
HEADERS = ("xdp_packet", "ip_prefix")


def test_layout_is_that_of_c(compile_bpf: Compile) -> None:
    """For each type, behind and before members of every alignment."""
    includes = "".join(f'#include "{name}.h"\n' for name in HEADERS)
    code = f"#include <stddef.h>\n{includes}"
    for word, c_type in C_TYPES.items():
        for first in ("u8", "u16", "u32"):
            words = f"{{a:{first}, b:{word}, c:u8, d:{word}[3], e:{{f:u8, g:{word}}}, h:char[3]}}"
            name = f"t_{word}_{first}"
            code += (
                f"struct {name} {{ __{first} a; {c_type} b; __u8 c; {c_type} d[3]; "
                f"struct {{ __u8 f; {c_type} g; }} e; char h[3]; }};\n"
            )
            _, value = value_of(words)
            code += f'_Static_assert(sizeof(struct {name}) == {value.size}, "{words}");\n'
            for member in value.members:
                place = f"offsetof(struct {name}, {member.name}) == {member.bits_offset // 8}"
                code += f'_Static_assert({place}, "{words}");\n'
    compile_bpf(code)


@pytest.mark.parametrize(
    ("words", "told", "place"),
    [
        ("", "the type of the key is missing", None),
        ("key:u32", "the type of the value is missing", 7),
        ("key", "after 'key' a colon and a type are missing", 3),
        ("key:", "here a type is missing", 4),
        ("key:u33 value:u8", "there is no type 'u33'", 4),
        ("key:u32 value:ip_prot", "there is no type 'ip_prot'", 14),
        ("key:u32 value:__u32", "there is no type '__u32'", 14),
        ("key:u32 value:{", "a struct has at least one member", 15),
        ("key:u32 value:{}", "a struct has at least one member", 15),
        ("key:u32 value:{a:u8", "this brace isn't closed", 14),
        ("key:u32 value:u32}", "this brace was never opened", 17),
        ("key:u32 value:{a:u8,a:u8}", "'a' is there twice", 20),
        ("key:u32 key:u32", "'key' is there twice", 8),
        ("keys:u32 value:u8", "there is no 'keys'", 0),
        ("key:u32 value:u8[", "here a number of elements is missing", 17),
        ("key:u32 value:u8[0]", "here a number of elements is missing", 17),
        ("key:u32 value:u8[99999999999]", "there can't be so many elements", 17),
        ("key:u32 value:u8[-1]", "here a number of elements is missing", 17),
        ("key:u32 value:u64[99999999]", "this has 799999992 bytes", 14),
        ("key:u32 value:char[9]x", "here a blank or a comma is missing", 21),
        ("key:(u32)", "here a type is missing", 4),
        ("key:u32 =", "here a name is missing", 8),
    ],
)
def test_errors_point_at_the_place(words: str, told: str, place: int | None) -> None:
    with pytest.raises(BadRequest, match=r"^--as: ") as caught:
        as_types(words)
    assert told in caught.value.message
    if place is not None:
        assert caught.value.hints[0] == f"{words}\n{' ' * place}^"


def test_a_long_text_is_shown_around_the_place() -> None:
    with pytest.raises(BadRequest, match="braces go deeper than 16") as caught:
        as_types("key:u32 value:" + "{abcdef:" * 5000)
    line, mark = caught.value.hints[0].splitlines()
    assert line[mark.index("^")] == "{"
    assert len(line) <= 120


@pytest.mark.parametrize(
    "words", ["u8" + "[1]" * 17, "u8" + "[1]" * 5000, "{a:" * 9 + "u8" + "[1]" * 9 + "}" * 9]
)
def test_arrays_in_arrays_have_an_end_too(words: str) -> None:
    as_types("key:u32 value:{a:" + "u8" + "[1]" * 15 + "}")
    with pytest.raises(BadRequest, match="arrays and braces go deeper than 16"):
        as_types(f"key:u32 value:{words}")


def test_the_nearest_type_is_named() -> None:
    with pytest.raises(BadRequest, match="did you mean 'ip_proto_t'"):
        as_types("key:ip_prot value:u64")
