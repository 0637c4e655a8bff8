"""Entries as rows: left out, sorted, added up."""

import pytest

from xdpctl.core.btf.columns import Leaf, Record
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import BtfType, EnumValue, Member, Types
from xdpctl.core.maps.decode import Entry, bytes_as_they_are, layout
from xdpctl.core.query.rows import columns, counters, known, place, sums, with_names
from xdpctl.core.query.select import NotZero, Order, Totals
from xdpctl.core.values.formats import ipv4, unsigned
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest

NUMBER = Leaf(8, unsigned, "Q")
ENTRIES = [
    Entry("10.0.0.10", {"packets": 5, "bytes": 10, "in": {"a": 1}}),
    Entry("10.0.0.9", {"packets": 7, "bytes": 7, "in": {"a": 2}}),
    Entry("none", {"packets": 0, "bytes": 0, "in": {"a": 0}}),
]


def test_what_is_zero_is_left_out_and_counted() -> None:
    zeros = NotZero()
    kept = list(zeros.among([ENTRIES, [Entry(4, None)], [Entry(5, 0), Entry(6, "0.0.0.0")]]))
    assert kept == [ENTRIES[:2], [], [Entry(6, "0.0.0.0")]]
    assert zeros.hidden == 3


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        (Order("packets"), ["10.0.0.9", "10.0.0.10", "none"]),
        (Order("bytes", 2), ["10.0.0.10", "10.0.0.9"]),
        (Order("packets", 1), ["10.0.0.9"]),
        (Order("key"), ["10.0.0.9", "10.0.0.10", "none"]),
        (Order("in.a", 99), ["10.0.0.9", "10.0.0.10", "none"]),
    ],
)
@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_order(order: Order, keys: list[str], at_once: int) -> None:
    batches = [[], *(ENTRIES[i : i + at_once] for i in range(0, 3, at_once))]
    assert [entry.key for entry in order.sort(batches)] == keys


def test_mixed_kinds_have_an_order() -> None:
    values: list[Value] = [None, 3, "b", "a10", "a9", 20, [1], 4.5]
    assert [e.value for e in Order("value").sort([[Entry(0, v) for v in values]])][:6] == [
        20,
        4.5,
        3,
        "a9",
        "a10",
        "b",
    ]


def test_elements_of_arrays_have_an_order() -> None:
    entries = [Entry(n, {"n": 0, "in": [{"b": n}, {"b": 9 - n}]}) for n in range(3)]
    asked = place("in[1].b", {"in": [{"b": 0}, {"b": 0}]})
    assert [entry.key for entry in Order(asked).sort([entries])] == [0, 1, 2]
    assert [entry.key for entry in Order("in[0].b").sort([entries])] == [2, 1, 0]
    with pytest.raises(BadRequest, match=r"there is no in\[2\]"):
        place("in[2].b", {"in": [{"b": 0}, {"b": 0}]})
    with pytest.raises(BadRequest, match="no column 'inn'"):
        place("inn", {"in": []})


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(BadRequest, match="no column 'packet'") as error:
        known("packet", ("key", "packets"))
    assert error.value.hints == ("did you mean 'packets'?",)
    for word in ("packets", "PACKETS", "value.Packets"):
        assert known(word, ("key", "packets")) == "packets"
    assert known("A", ("a", "A")) == "A"


def test_columns_are_known_before_there_is_an_entry() -> None:
    everything, ends = as_types(
        "key:flow value:{n:u64 to:{src_ip:u8 to:ipv4} last:time_last_t min:length_min_t}"
    )
    layout_ = layout(everything, ends, (16, 32), raw=False)
    of_flow = ("src_ip", "dst_ip", "src_port", "dst_port", "ip_proto")
    of_value = {"n": True, "to.src_ip": True, "to.to": False, "last": False, "min": False}
    assert columns(layout_) == {**dict.fromkeys(of_flow, False), **of_value}
    everything, ends = as_types("key:{n:u16,in:{a:mac}} value:{n:u64,in:{a:u8}}")
    assert columns(layout(everything, ends, (8, 16), raw=False)) == {
        "n": True,
        "in.a": False,
        "value.n": True,
        "value.in.a": True,
    }
    assert columns(bytes_as_they_are(0, 8)) == {"key": False, "value": False}


def test_totals_are_of_what_can_be_added_up() -> None:
    smallest = Leaf(8, unsigned, "Q", merge=min)
    record = Record(
        40,
        (
            ("packets", 0, NUMBER),
            ("least", 8, smallest),
            ("from", 16, Leaf(4, ipv4)),
            ("in", 24, Record(16, (("a", 0, NUMBER), ("b", 8, NUMBER)))),
        ),
    )
    assert sums(record) == ("packets", "in.a", "in.b")
    assert (sums(NUMBER), sums(smallest)) == (("value",), ())
    totals = Totals(("packets", "in.a"))
    assert [e for batch in totals.watch([ENTRIES[:2], ENTRIES[2:]]) for e in batch] == ENTRIES
    assert totals.sums == {"packets": 12, "in.a": 3}


VERDICTS = "key:u32 value:{a:u64,b:s64,in:{v:verdict,p:be16},e:ethertype_t}"


def test_which_sums_never_fall_and_which_numbers_have_names() -> None:
    found = layout(*as_types(VERDICTS), (4, 32), raw=False)
    assert sums(found.value) == ("a", "b")
    assert counters(found.value) == ("a",)
    assert with_names(found.value) == ("in.v", "e")
    raw = layout(*as_types(VERDICTS), (4, 32), raw=True)
    assert (sums(raw.value), counters(raw.value)) == (("a", "b", "in.v", "e"), ("a",))
    assert with_names(raw.value) == ()


def test_names_of_an_enum_behind_a_typedef_and_in_a_bitfield() -> None:
    color = BtfType(1, "ENUM", "color", 4, values=(EnumValue("RED", 1),))
    members = (Member("c", 2), Member("b", 1, 32, 3))
    types = (
        color,
        BtfType(2, "TYPEDEF", "color_t", type_id=1),
        BtfType(3, "STRUCT", "v", 8, members=members),
    )
    assert with_names(Types(types).column(3)) == ("c", "b")
    assert with_names(Types(types, raw=True).column(3)) == ()
    assert counters(Types(types, raw=True).column(3)) == ()


def test_texts_with_numbers_of_any_length_are_sorted_by_them() -> None:
    names = ["b2", "a10", "a9", "a" + "9" * 5000, "a0010", "", "7", "a1" + "0" * 5000]
    entries = [Entry(0, name) for name in names]
    assert [e.value for e in Order("value").sort([entries])] == [
        "",
        "7",
        "a9",
        "a10",
        "a0010",
        names[3],
        names[7],
        "b2",
    ]
