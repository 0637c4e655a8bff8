"""Recorded map dumps of three bpftool versions, and the BTF that says what their bytes mean.

The maps are those of data/recorded/types.bpf.c; bpftool's own reading (`formatted`) is compared with.
"""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest

from xdpctl.core.btf.columns import one
from xdpctl.core.btf.known_types import total
from xdpctl.core.btf.types import BtfDump, BtfType, Types
from xdpctl.core.maps.chunk import Shape, chunks
from xdpctl.core.maps.decode import CpuValue, Entry, Layout, bytes_as_they_are, layout
from xdpctl.core.maps.decode import decode as decode_chunk
from xdpctl.errors import Refused

RECORDED = Path(__file__).parent.parent.parent / "data" / "recorded"
VERSIONS = ("v6.8.0", "debian7.1.0", "v7.7.0")
TYPES = msgspec.json.decode((RECORDED / "types.btf.json").read_bytes(), type=BtfDump)
BY_ID = {type_.id: type_ for type_ in TYPES.types}
VOID = BtfType(0, "UNKNOWN", "(anon)")

TYPED = (
    "m_hash",
    "m_hash_st",
    "m_array",
    "m_pcpu_arr",
    "m_pcpu_hash",
    "t_arrval",
    "t_enumkey",
    "t_odd",
)


def shape_of(text: bytes) -> Shape:
    """As bpftool tells it of a map; here from its first element."""
    elements = json.loads(text.replace(b"\\'", b"'"))
    if not elements:
        return Shape(4, 8, False)
    first = elements[0]
    values = first["values"][0]["value"] if "values" in first else first["value"]
    return Shape(len(first["key"]), 4 if "error" in values else len(values), "values" in first)


def dumped(name: str, version: str = "debian7.1.0") -> bytes:
    return (RECORDED / f"{name}__{version}.json").read_bytes()


def decode(text: bytes, layout: Layout, per_cpu: bool = False, piece: int = 1 << 20) -> list[Entry]:
    pieces = [text[at : at + piece] for at in range(0, len(text), piece)]
    found = chunks(pieces, shape_of(text))
    return list(chain.from_iterable(decode_chunk(chunk, layout, per_cpu) for chunk in found))


def layout_of(map_name: str, raw: bool = False) -> Layout:
    """From the map's definition in BTF, as bpftool finds the two types for `btf dump map`."""
    variable = next(t for t in TYPES.types if t.kind == "VAR" and t.name == map_name)
    ends = {m.name: BY_ID[m.type_id].type_id for m in BY_ID[variable.type_id].members}
    sizes = Types(TYPES.types).size(ends["key"]), Types(TYPES.types).size(ends["value"])
    return layout(TYPES, BtfDump((BY_ID[ends["key"]], BY_ID[ends["value"]])), sizes, raw)


def bpftools_reading(name: str) -> list[dict[str, Any]]:
    """What bpftool made of the bytes itself: bitfields are a string with a number, a MAC is six numbers."""
    text = (RECORDED / f"dump_{name}__debian7.1.0.json").read_text()
    formatted = [entry["formatted"] for entry in json.loads(text)]
    for entry in formatted if name == "t_odd" else []:
        entry["value"].update({field: int(entry["value"][field], 16) for field in ("bits", "rest")})
        entry["value"]["mac"] = bytes(entry["value"]["mac"]).hex(":")
    return formatted


def first(map_name: str, raw: bool = False) -> Entry:
    return decode(dumped(f"dump_{map_name}"), layout_of(map_name, raw))[0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TYPED)
def test_bytes_read_as_bpftool_reads_them(name: str, version: str) -> None:
    text = dumped(f"dump_{name}", version)
    found = decode(text, layout_of(name), per_cpu=shape_of(text).per_cpu)
    for entry, formatted in zip(found, bpftools_reading(name), strict=True):
        assert entry.key == formatted["key"]
        if entry.per_cpu:
            assert [(v.cpu, v.value) for v in entry.per_cpu] == [
                (v["cpu"], v["value"]) for v in formatted["values"]
            ]
        else:
            assert entry.value == formatted["value"]


def test_values_of_several_cpus_are_summed_member_by_member() -> None:
    assert [entry.value for entry in decode(dumped("dump_m_pcpu_arr"), layout_of("m_pcpu_arr"))] == [
        {"rx_packets": 12 + 10, "rx_bytes": 0},
        {"rx_packets": 0, "rx_bytes": 0},
    ]


@pytest.mark.parametrize(
    ("of_cpus", "expected"),
    [
        ([1, 2**64 - 1], 2**64),
        ([[1, 2], [3, 4]], [4, 6]),
        (["eth0", "eth0"], "eth0"),
        (["eth0", "eth1"], None),
        ([True, True], True),
        ([{"n": 1, "s": "a"}, {"n": 2, "s": "b"}], {"n": 3, "s": None}),
        (["XDP_PASS", 17], None),
        ([17, "XDP_PASS"], None),
        ([5, None], None),
        ([{"n": 1}, None], None),
        ([True, 1], None),
    ],
)
def test_what_is_no_number_is_not_summed(of_cpus: list[Any], expected: Any) -> None:
    assert total(of_cpus) == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dump_n_hash", [Entry("0x00000000", "0x1600000000000000")]),
        (
            "dump_n_array",
            [Entry("0x00000000", "0x16" + 15 * "00"), Entry("0x01000000", "0x" + 16 * "00")],
        ),
        (
            "dump_n_pcpu",
            [
                Entry(
                    "0x00000000",
                    None,
                    (CpuValue(0, "0x0c" + 15 * "00"), CpuValue(1, "0x0a" + 15 * "00")),
                )
            ],
        ),
        ("dump_t_devmap", [Entry("0x00000000", None), Entry("0x01000000", None)]),
        ("empty_dump", []),
    ],
)
def test_without_types_bytes_are_shown_as_they_are(name: str, expected: list[Entry], version: str) -> None:
    text = dumped(name, version)
    shape = shape_of(text)
    found = decode(text, bytes_as_they_are(shape.key_size, shape.value_size), shape.per_cpu)
    assert found == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_global_variables_have_names_and_no_key(version: str) -> None:
    section = next(t for t in TYPES.types if t.name == ".bss")
    found = layout(TYPES, BtfDump((VOID, section)), (4, section.size), raw=False)
    (entry,) = decode(dumped("dump_multi_bss", version), found)
    assert entry == Entry("0x00000000", {"g_total": 22})


def test_signed_bitfields_and_the_members_of_unnamed_members() -> None:
    value = {
        "a": -1,
        "b": 9,
        "c": -5,
        "x": 0x04030201,
        "y": [1, 2, 3, 4],
        "p": 1,
        "q": 2,
        "s": "x",
        "e": "XDP_TX",
        "on": True,
        "pointer": 0,
    }
    assert first("t_nested") == Entry(0, value)


def test_addresses_ports_and_verdicts_are_known_by_their_types() -> None:
    key = {"src": "10.0.0.1", "src6": "2001::1", "port": 443, "verdict": "XDP_DROP"}
    assert first("t_net") == Entry(key, 1)


def test_raw_gives_numbers_and_hexadecimal() -> None:
    assert first("t_net", raw=True).key == {
        "src": "0x0a000001",
        "src6": "0x2001" + 13 * "00" + "01",
        "port": "0x01bb",
        "verdict": 1,
    }
    raw_keys = [entry.key for entry in decode(dumped("dump_t_enumkey"), layout_of("t_enumkey", raw=True))]
    assert raw_keys == [17, 2]


def test_a_map_whose_types_are_not_told_is_untyped() -> None:
    assert layout(TYPES, BtfDump(()), (4, 8), raw=False) == bytes_as_they_are(4, 8)
    assert layout_of("m_hash").typed


def test_a_type_that_is_not_there_is_shown_as_bytes() -> None:
    found = layout(BtfDump(()), BtfDump((VOID, VOID)), (2, 2), raw=False)
    assert one(found.key, b"\x01\x02") == "0x0102"


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("piece", [1, 7, 100])
def test_text_that_comes_in_pieces(name: str, piece: int) -> None:
    text = dumped(f"dump_{name}")
    whole = decode(text, layout_of(name))
    assert decode(text, layout_of(name), piece=piece) == whole != []


GONE = b'{"key":["0x07","0x00"],"value":{"error":"No such file or directory"}}'
THERE = b'{"key":["0x01","0x00"],"value":["0xff"],"formatted":{"key":1,"value":255}}'


def test_elements_without_a_value() -> None:
    found = list(chunks([b"[" + b",".join([THERE, GONE, THERE]) + b"]"], Shape(2, 1, False)))
    assert [(chunk.keys, chunk.values) for chunk in found] == [
        (b"\1\0", b"\xff"),
        (b"\7\0", b""),
        (b"\1\0", b"\xff"),
    ]


@pytest.mark.parametrize("odd", [THERE.replace(b'"0xff"', b'"0xff","0xff"'), b'{"key":["0x01"'])
def test_what_is_no_element_is_not_passed_over(odd: bytes) -> None:
    with pytest.raises(Refused, match="can't read"):
        list(chunks([b"[" + THERE + b"," + odd + b"]"], Shape(2, 1, False)))


@pytest.mark.parametrize("name", [*TYPED, "m_hash_st", "n_pcpu", "t_devmap"])
def test_a_text_that_is_cut_off_anywhere_is_none(name: str) -> None:
    text = dumped(f"dump_{name}").rstrip()
    for end in range(0, len(text), max(1, len(text) // 500)):
        with pytest.raises(Refused, match="can't read"):
            list(chunks([text[:end]], shape_of(text)))


def test_values_of_cpus_behind_an_element_that_has_gone() -> None:
    there = b'{"key":["0x01","0x00"],"values":[{"cpu":0,"value":["0xff"]},{"cpu":1,"value":["0x02"]}]}'
    found = list(chunks([b"[" + GONE + b"," + there + b"]"], Shape(2, 1, True)))
    assert [chunk.values for chunk in found] == [b"", b"\xff\2"]


def test_an_element_without_the_value_of_any_cpu_is_none() -> None:
    with pytest.raises(Refused, match="can't read"):
        list(chunks([b'[{"key":["0x01","0x00"],"values":[]}]'], Shape(2, 1, True)))
