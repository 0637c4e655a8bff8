"""What `dump` shows as JSON, with --raw or without, or in cells of CSV, is written back as the same bytes."""

import json
import struct
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xdpctl.core.btf.columns import one
from xdpctl.core.btf.known_types import OF_TIMES, OF_TYPEDEFS
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import BtfType, Types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.maps.chunk import chunks
from xdpctl.core.values.cells import cell
from xdpctl.core.values.value import Value, flat

from ..maps.test_decode import BY_ID, TYPED, TYPES, dumped, shape_of

BOOT = 1_700_000_000_000_000_000


class Data(NamedTuple):
    """A type in words, and bytes of it whose padding is zero."""

    type_: str
    bytes: st.SearchStrategy[bytes]


def u32(number: int) -> bytes:
    return struct.pack("=I", number)


def address(version: int, data: bytes) -> bytes:
    return u32(version) + (data[:4] + bytes(12) if version == 4 else data)


def prefix(version: int, data: bytes, bits: int) -> bytes:
    of = 32 if version == 4 else 128
    bits %= of + 1
    number = int.from_bytes(data[: of // 8], "big") >> of - bits << of - bits
    return u32(32 + bits) + u32(version) + number.to_bytes(of // 8, "big").ljust(16, b"\0")


def flow(size: int, version: int, data: bytes, ports: int, protocol: int) -> bytes:
    addresses = data[: 2 * size] if version else bytes(2 * size)
    port_bytes = data[-4:] if ports else bytes(4)
    return addresses + port_bytes + struct.pack("=HBB", protocol, version, ports)


any_16 = st.binary(min_size=16, max_size=16)
any_u16 = st.integers(0, 0xFFFF)
addresses = st.just(bytes(20)) | st.builds(address, st.sampled_from((4, 6)), any_16)
prefixes = st.sampled_from((bytes(24), u32(32) + bytes(20), u32(7) + b"\4" + bytes(19))) | st.builds(
    prefix, st.sampled_from((4, 6)), any_16, st.integers(0, 200)
)
texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8).map(
    lambda text: text.encode()[:8].decode(errors="ignore").encode().ljust(8, b"\0")
)
milliseconds = st.integers(0, 2**40).map(lambda ms: struct.pack("=Q", ms * 1_000_000))
sizes = {"u8": 1, "s8": 1, "u16": 2, "s16": 2, "u32": 4, "s32": 4, "u64": 8, "s64": 8}
numbers = {**sizes, "be16": 2, "be32": 4, "be64": 8, "ipv4": 4, "ipv6": 16, "mac": 6, "u16[3]": 6}
numbers |= {name: 4 for name in OF_TYPEDEFS if name.endswith("_t") and not name.startswith("length")}
leaves = [
    *(Data(name, st.binary(min_size=size, max_size=size)) for name, size in numbers.items()),
    Data("ip_proto_t", st.integers(0, 260).map(u32)),
    Data("tcp_flags_t", st.integers(0, 300).map(u32)),
    Data("log2_t", st.integers(0, 70).map(u32)),
    Data("verdict", st.integers(0, 9).map(u32)),
    Data("ethertype_t", any_u16.map(u32)),
    Data("length_min_t", st.integers(0, 2).map(lambda n: struct.pack("=Q", n))),
    *(Data(name, milliseconds) for name in OF_TIMES),
    Data("bool", st.sampled_from((b"\0", b"\1"))),
    Data("char[8]", texts | st.binary(min_size=8, max_size=8).filter(lambda data: b"\0" not in data)),
    Data("mac_addr", st.binary(min_size=6, max_size=6).map(lambda data: data + b"\0\0")),
    Data("ip_addr", addresses),
    Data("ip_prefix", prefixes),
    *(
        Data(
            name,
            st.builds(
                flow,
                st.just(size),
                st.sampled_from((0, version)),
                st.binary(min_size=36, max_size=36),
                st.integers(0, 1),
                st.integers(0, 256),
            ),
        )
        for name, size, version in (("flow", 4, 4), ("flow6", 16, 6))
    ),
]


def struct_of(members: list[Data]) -> Data:
    words = "{" + ",".join(f"m{i}:{member.type_}" for i, member in enumerate(members)) + "}"
    laid_out = as_types(f"key:u32 value:{words}")[1].types[1]

    def whole(parts: tuple[bytes, ...]) -> bytes:
        data = bytearray(laid_out.size)
        for member, part_ in zip(laid_out.members, parts, strict=True):
            data[member.bits_offset // 8 : member.bits_offset // 8 + len(part_)] = part_
        return bytes(data)

    return Data(words, st.tuples(*(member.bytes for member in members)).map(whole))


def array_of(element: Data, count: int) -> Data:
    some = st.lists(element.bytes, min_size=count, max_size=count).map(b"".join)
    return Data(f"{element.type_}[{count}]", some)


no_arrays = st.sampled_from([leaf for leaf in leaves if not leaf.type_.endswith("]")])
types = st.recursive(
    st.sampled_from(leaves),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map(struct_of)
        | st.builds(
            array_of, no_arrays | st.lists(inner, min_size=1, max_size=3).map(struct_of), st.integers(1, 3)
        )
    ),
    max_leaves=6,
)


def cells(shown: Value) -> Any:
    """As CSV has it: members in columns of their own, all of it text."""
    found = {name: "" if part is None else str(cell(part)) for name, part in flat("value", shown).items()}
    return found if isinstance(shown, dict) else found["value"]


@settings(deadline=None, max_examples=300)
@given(types.flatmap(lambda data: st.tuples(st.just(data.type_), data.bytes)), st.booleans())
def test_all_types_that_can_be_told_in_words(typed: tuple[str, bytes], raw: bool) -> None:
    type_, data = typed
    everything, ends = as_types(f"key:u32 value:{type_}")
    value = ends.types[1].id
    types = Types(everything.types, raw, BOOT)
    assert types.size(value) == len(data)
    shown = one(types.column(value), data)
    write = Encoder(everything.types, BOOT, lenient=True).writer("value", value, len(data))
    assert write(json.loads(json.dumps(shown)), None) == data
    if not raw:
        assert write(cells(shown), None) == data


def entries(name: str) -> list[tuple[BtfType, bytes]]:
    """Types and bytes of the keys and values of a recorded map."""
    variable = next(t for t in TYPES.types if t.kind == "VAR" and t.name == name)
    ends = {m.name: BY_ID[BY_ID[m.type_id].type_id] for m in BY_ID[variable.type_id].members}
    text = dumped(f"dump_{name}")
    found = []
    for chunk in chunks([text], shape_of(text)):
        found += [(ends["key"], data) for (data,) in struct.iter_unpack(f"{chunk.key_size}s", chunk.keys)]
        found += [(ends["value"], data) for (data,) in struct.iter_unpack(f"{chunk.stride}s", chunk.values)]
    return found


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("name", [*TYPED, "t_nested", "t_net"])
def test_recorded_maps(name: str, raw: bool) -> None:
    for type_, data in entries(name):
        types = Types(TYPES.types, raw)
        shown = one(types.column(type_.id), data)
        write = Encoder(TYPES.types, lenient=True).writer("value", type_.id, len(data))
        assert write(json.loads(json.dumps(shown)), None) == data
        assert raw or write(cells(shown), None) == data


def test_global_variables() -> None:
    section = next(t for t in TYPES.types if t.name == ".bss")
    write = Encoder(TYPES.types).writer("value", section.id, 8)
    assert write("g_total=22", None) == struct.pack("=Q", 22)
