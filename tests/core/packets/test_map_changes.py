"""What was changed in a packet, and in a map."""

import struct
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdpctl.core.btf.columns import Leaf, Record
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Layout
from xdpctl.core.packets.edits import Edit, edits
from xdpctl.core.packets.headers import fields
from xdpctl.core.packets.map_changes import ElementChange, changes, of_variables, remember
from xdpctl.core.packets.samples import PacketKind, of_kind
from xdpctl.core.values.formats import unsigned

NUMBER = Leaf(4, unsigned, "I")
LAYOUT = Layout(NUMBER, NUMBER, typed=True)
DATA = st.binary(max_size=60) | st.sampled_from([of_kind(kind).data for kind in PacketKind])


def done(before: bytes, found: tuple[Edit, ...]) -> bytes:
    """What the edits make of a packet."""
    after = before
    for edit in reversed(found):
        assert after[edit.offset : edit.offset + len(edit.before)] == edit.before
        after = after[: edit.offset] + edit.after + after[edit.offset + len(edit.before) :]
    return after


@given(DATA, DATA)
def test_edits_make_one_packet_of_the_other(before: bytes, after: bytes) -> None:
    assert done(before, edits(before, after)) == after
    assert edits(before, before) == ()


@given(DATA, st.lists(st.tuples(st.integers(0, 59), st.integers(0, 255)), max_size=5))
def test_edits_in_place(before: bytes, writes: list[tuple[int, int]]) -> None:
    after = bytearray(before)
    for at, byte in writes:
        after[at : at + 1] = bytes([byte])[: len(after[at : at + 1])]
    found = edits(before, bytes(after))
    assert done(before, found) == bytes(after)
    assert all(edit.before != edit.after for edit in found)
    assert sum(len(edit.before) for edit in found) <= 16 * len(writes)


@given(DATA, st.integers(0, 60), st.binary(min_size=1, max_size=20))
def test_what_was_put_in_and_taken_out_is_one_edit(before: bytes, at: int, more: bytes) -> None:
    after = before[:at] + more + before[at:]
    for edit, one in ((edits(before, after), "before"), (edits(after, before), "after")):
        assert len(edit) == 1
        assert getattr(edit[0], one) == b""
        assert len(edit[0].before) + len(edit[0].after) == len(more)


@pytest.mark.parametrize(
    ("kind", "at", "field", "reads"),
    [
        (PacketKind.ICMP, 0, "dst_mac", "02:00:00:00:00:01"),
        (PacketKind.ICMP, 22, "ttl", 64),
        (PacketKind.ICMP, 34, "icmp_type", 8),
        (PacketKind.ARP, 28, "sender_ip", "10.77.0.2"),
        (PacketKind.TCP_SYN, 47, "tcp_flags", "syn"),
        (PacketKind.TCP, 47, "tcp_flags", "psh|ack"),
        (PacketKind.UDP, 36, "dst_port", 53),
        (PacketKind.UDP6, 38, "dst_ip", "2001:db8::1"),
        (PacketKind.UDP6, 56, "dst_port", 53),
        (PacketKind.VLAN, 14, "vlan_tag", "0x0064"),
        (PacketKind.QINQ, 20, "ethertype", "ipv4"),
        (PacketKind.QINQ, 21, "ethertype", "ipv4"),
        (PacketKind.QINQ, 30, "ttl", 64),
        (PacketKind.OPTIONS, 40, "dst_port", 53),
        (PacketKind.OPTIONS, 35, None, None),
        (PacketKind.FRAGMENT, 36, None, None),
        (PacketKind.FRAGMENT, 20, "fragment", "0x00b9"),
        (PacketKind.SHORT, 12, "ethertype", "ipv4"),
    ],
)
def test_changed_bytes_are_told_by_the_field_they_are_in(
    kind: PacketKind, at: int, field: str | None, reads: object
) -> None:
    before = of_kind(kind).data
    after = bytearray(before)
    after[at] ^= 0x80
    [edit] = edits(before, bytes(after))
    if field is None:
        assert (edit.field, edit.offset) == (None, at)
    else:
        assert edit.field is not None
        assert (edit.field.name, edit.field.read(edit.before)) == (field, reads)


@given(st.sampled_from(PacketKind), st.integers(0, 120), st.binary(max_size=40))
def test_fields_never_overlap_nor_leave_the_packet(kind: PacketKind, cut: int, junk: bytes) -> None:
    frame = of_kind(kind).data[:cut] + junk
    end = 0
    for field in fields(frame):
        assert field.offset >= end
        end = field.offset + field.size
    assert end <= len(frame)


def content(entries: Mapping[int, int], cpus: int = 1) -> list[Chunk]:
    """Chunks of two elements; the value of each CPU beside the first is zero."""
    items = sorted(entries.items())
    return [
        Chunk(
            b"".join(struct.pack("=I", key) for key, _ in items[i : i + 2]),
            b"".join(struct.pack("=I", value) + bytes(4 * (cpus - 1)) for _, value in items[i : i + 2]),
            4,
            4,
            cpus,
        )
        for i in range(0, len(items), 2)
    ]


maps = st.dictionaries(st.integers(0, 9), st.integers(0, 3))


@given(maps, maps, st.sampled_from([1, 3]))
def test_changes_of_a_hash(before: dict[int, int], after: dict[int, int], cpus: int) -> None:
    found = changes(remember(content(before, cpus), False), content(after, cpus), LAYOUT)
    assert {(c.key, c.before, c.after) for batch in found for c in batch} == {
        (key, before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }


@given(
    st.lists(st.integers(0, 2), min_size=5, max_size=5), st.lists(st.integers(0, 2), min_size=5, max_size=5)
)
def test_changes_of_an_array_of_which_zeros_are_not_remembered(old: list[int], new: list[int]) -> None:
    before = remember(content(dict(enumerate(old))), True)
    assert len(before.elements) == sum(map(bool, old))
    found = changes(before, content(dict(enumerate(new))), LAYOUT)
    assert [c for batch in found for c in batch] == [
        ElementChange(i, a, b) for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b
    ]


def test_a_map_whose_elements_have_no_value() -> None:
    gap = Chunk(bytes(4), b"", 4, 4)
    assert [*changes(remember([gap], True), [gap], LAYOUT)] == [[], []]


def test_variables_by_name() -> None:
    before = {"seen": 0, "same": 1, "pair": {"a": 1, "b": 2}, "list": [0, {"x": 1}]}
    after = {"seen": 4, "same": 1, "pair": {"a": 1, "b": 3}, "list": [0, {"x": 2}]}
    assert list(of_variables(ElementChange("0x00000000", before, after))) == [
        ElementChange("seen", 0, 4),
        ElementChange("pair.b", 2, 3),
        ElementChange("list[1].x", 1, 2),
    ]


def test_a_struct_is_read_by_its_members() -> None:
    layout = Layout(
        NUMBER, Record(4, (("low", 0, Leaf(2, unsigned, "H")), ("high", 2, Leaf(2, unsigned, "H"))))
    )
    found = changes(remember([], True), content({1: 0x00020001}), layout)
    assert [c for batch in found for c in batch] == [
        ElementChange(1, {"low": 0, "high": 0}, {"low": 1, "high": 2})
    ]
