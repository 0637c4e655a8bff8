"""Entries as rows of columns, and what of them can be added up."""

import pytest

from xdpctl.core.btf.columns import Leaf, Record
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import BtfType, EnumValue, Member, Types
from xdpctl.core.maps.decode import bytes_as_they_are, layout
from xdpctl.core.query.rows import columns, counters, known, summed, sums, with_names
from xdpctl.core.values.formats import ipv4, unsigned
from xdpctl.errors import BadRequest

NUMBER = Leaf(8, unsigned, "Q")


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


def test_what_can_be_added_up() -> None:
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


def test_columns_that_can_be_added_up() -> None:
    """Where a member of the key is called so too, `value.` stands before it."""
    both = layout(*as_types("key:{n:u16} value:{n:u64,m:u64}"), (2, 16), raw=False)
    assert summed(both) == ("value.n", "m")
    assert summed(layout(*as_types("key:u32 value:{n:u64,m:u64}"), (4, 16), raw=False)) == ("n", "m")
    assert summed(layout(*as_types("key:u32 value:time_last_t"), (4, 8), raw=False)) == ()
