"""What is chosen of entries: those that match, an order, totals, those that aren't zero."""

import pytest
from msgspec.structs import replace

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.decode import Entry
from xdpctl.core.query.rows import place
from xdpctl.core.query.select import Order, Selection, hides_zeros
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest

ENTRIES = [
    Entry("10.0.0.10", {"packets": 5, "bytes": 10, "in": {"a": 1}}),
    Entry("10.0.0.9", {"packets": 7, "bytes": 7, "in": {"a": 2}}),
    Entry("none", {"packets": 0, "bytes": 0, "in": {"a": 0}}),
]


def test_all_entries_come_by_and_are_counted() -> None:
    selection = Selection()
    assert list(selection.among([ENTRIES[:2], [], ENTRIES[2:]])) == [ENTRIES[:2], [], ENTRIES[2:]]
    assert (selection.read, selection.matched, selection.hidden, selection.totals) == (3, 3, 0, None)


def test_what_does_not_match_is_left_out() -> None:
    selection = Selection(lambda row: row["packets"] == 7)
    assert list(selection.among([ENTRIES[:2], ENTRIES[2:]])) == [[ENTRIES[1]], []]
    assert (selection.read, selection.matched) == (3, 1)


def test_what_is_zero_is_left_out_and_counted() -> None:
    selection = Selection(hides_zeros=True)
    kept = list(selection.among([ENTRIES, [Entry(4, None)], [Entry(5, 0), Entry(6, "0.0.0.0")]]))
    assert kept == [ENTRIES[:2], [], [Entry(6, "0.0.0.0")]]
    assert (selection.hidden, selection.matched) == (3, 6)


def test_totals_are_of_all_that_match() -> None:
    selection = Selection(totals=("packets", "in.a"))
    assert [e for batch in selection.among([ENTRIES[:2], ENTRIES[2:]]) for e in batch] == ENTRIES
    assert selection.totals == {"packets": 12, "in.a": 3}
    some = Selection(lambda row: row["bytes"] == 10, ("packets",))
    assert [*some.among([ENTRIES])] == [ENTRIES[:1]]
    assert some.totals == {"packets": 5}


def test_arrays_of_many_elements_are_shown_without_those_that_are_zero() -> None:
    found = Map(MapId(25), "percpu_hash", "pkt_cnt", 4, 16, 257)
    assert not hides_zeros(found), "elements of a hash were counted into"
    array = replace(found, type="percpu_array")
    assert hides_zeros(array)
    assert hides_zeros(replace(array, type="devmap"))
    assert not hides_zeros(replace(array, max_entries=5)), "few are shown as they are"


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


@pytest.mark.parametrize(
    "right",
    [
        ["02:00:00:00:00:02", "02:00:00:00:00:0a", "02:00:00:00:00:10", "ff:00:00:00:00:00", "none"],
        ["0x00", "0x09", "0x0a", "0x10", "0x99", "0xa0", "0x0100"],
        ["0x0009/16", "0x000a/8", "0x000a/16", "0x0010/16"],
        ["2.0.0.0", "10.0.0.0/8", "10.0.0.0/10", "10.0.0.9", "10.0.0.10", "::", "2001:db8::9", "2001:db8::a"],
        ["::1", "::ffff:1.2.3.4", "2001:db8::", "2001:db8::/32", "fe80::1", "any", "none"],
        ["eth2", "eth10", "eth10.2", "eth10.10"],
        ["1.2.3", "1.2.10", "300.1.1.1", "a:b"],
    ],
)
def test_addresses_and_bytes_are_sorted_as_such(right: list[str]) -> None:
    entries = [Entry(0, name) for name in reversed(right)]
    assert [e.value for e in Order("value").sort([entries])] == right
    assert [e.value for e in Order("value", 2).sort([[entry] for entry in entries])] == right[:2]
