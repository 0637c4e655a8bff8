"""Captures of both formats, whole, cut and damaged."""

import io
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, PcapWriter

from xdpctl.core.packets.pcap import packets
from xdpctl.core.packets.samples import Packet
from xdpctl.errors import BadRequest

MAGICS = {
    ("<", False): 0xA1B2C3D4,
    ("<", True): 0xA1B23C4D,
    (">", False): 0xA1B2C3D4,
    (">", True): 0xA1B23C4D,
}
ORDERS = st.sampled_from("<>")
FRAMES = st.lists(st.binary(max_size=40), max_size=5)
CUT = st.integers(0, 3)
"""How much longer a packet was than what was kept of it."""


def pcap(order: str, nano: bool, frames: Sequence[bytes], cut: int = 0, link_type: int = 1) -> bytes:
    start = struct.pack(order + "IHHiIII", MAGICS[order, nano], 2, 4, 0, 0, 65535, link_type)
    records = (struct.pack(order + "IIII", 1, 2, len(f), len(f) + cut) + f for f in frames)
    return start + b"".join(records)


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str, *link_types: int, snapshot: int = 0) -> bytes:
    head = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    return head + b"".join(block(order, 1, struct.pack(order + "HHI", t, 0, snapshot)) for t in link_types)


def enhanced(order: str, frame: bytes, cut: int = 0, interface: int = 0, options: bytes = b"") -> bytes:
    head = struct.pack(order + "IIIII", interface, 1, 2, len(frame), len(frame) + cut)
    return block(order, 6, head + frame + bytes(-len(frame) % 4) + options)


def simple(order: str, frame: bytes, cut: int = 0) -> bytes:
    return block(order, 3, struct.pack(order + "I", len(frame) + cut) + frame)


def old(order: str, frame: bytes, cut: int = 0) -> bytes:
    return block(order, 2, struct.pack(order + "HHIIII", 0, 0, 1, 2, len(frame), len(frame) + cut) + frame)


def read(data: bytes) -> list[Packet]:
    return list(packets(io.BytesIO(data), "x.pcap"))


def read_or_refused(data: bytes) -> list[Packet] | str:
    try:
        return read(data)
    except BadRequest as error:
        return error.message


def expected(frames: Sequence[bytes], cut: int = 0) -> list[Packet]:
    return [Packet(str(i), frame, len(frame) + cut) for i, frame in enumerate(frames, 1)]


@given(ORDERS, st.booleans(), FRAMES, CUT)
def test_pcap_in_both_orders_and_units_of_time(order: str, nano: bool, frames: list[bytes], cut: int) -> None:
    assert read(pcap(order, nano, frames, cut)) == expected(frames, cut)


@given(ORDERS, FRAMES, CUT, st.sampled_from([enhanced, old]))
def test_pcapng_with_packets_of_new_and_old_kind(order: str, frames: list[bytes], cut: int, kind) -> None:  # type: ignore[no-untyped-def]
    assert read(section(order, 1) + b"".join(kind(order, f, cut) for f in frames)) == expected(frames, cut)


@given(ORDERS, FRAMES)
def test_simple_packets_are_as_long_as_the_interface_kept(order: str, frames: list[bytes]) -> None:
    assert read(section(order, 1) + b"".join(simple(order, f) for f in frames)) == expected(frames)
    kept = [f[:8] for f in frames]
    blocks = [simple(order, f[:8], len(f[8:])) for f in frames]
    found = read(section(order, 1, snapshot=8) + b"".join(blocks))
    assert [p.data for p in found] == kept
    assert [p.length for p in found] == [len(f) for f in frames]


def test_several_sections_and_interfaces_and_what_is_no_packet() -> None:
    unknown = block("<", 0xBAD, b"whatever")
    data = b"".join(
        (
            section("<", 1, 1),
            enhanced("<", b"first", interface=1, options=struct.pack("<HH4sHH", 1, 4, b"note", 0, 0)),
            unknown,
            section(">", 113, 1),
            enhanced(">", b"second", interface=1),
            block(">", 5, bytes(200_000)),
            enhanced(">", b"third", interface=1),
        )
    )
    assert read(data) == expected([b"first", b"second", b"third"])


@pytest.mark.parametrize("writer", [PcapWriter, PcapNgWriter])
def test_what_scapy_writes(writer, tmp_path) -> None:  # type: ignore[no-untyped-def]
    frames = [bytes(range(14 + i)) for i in range(5)]
    path = str(tmp_path / "x")
    with writer(path) as out:
        for frame in frames:
            out.write(Ether(frame))
    with open(path, "rb") as file:
        assert list(packets(file, "x")) == expected(frames)


def test_packets_of_other_interfaces_say_so_among_those_of_ethernet() -> None:
    data = section("<", 1, 228) + enhanced("<", b"x", interface=1) + enhanced("<", b"second")
    assert read(data) == [Packet("1", b"x", 1, link_type=228), Packet("2", b"second", 6)]


@given(ORDERS, FRAMES, CUT)
def test_the_modified_pcap_tells_of_the_device_too(order: str, frames: list[bytes], cut: int) -> None:
    start = struct.pack(order + "IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
    records = (struct.pack(order + "IIIIIHBB", 1, 2, len(f), len(f) + cut, 3, 8, 0, 0) + f for f in frames)
    assert read(start + b"".join(records)) == expected(frames, cut)


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (0x30000001, (14, 16)),  # how long they are isn't said to be known
        (0x04000001, (14, 16)),
        (0x44000001, (8, 8)),
        (0x24000001, (12, 12)),
    ],
)
def test_frame_check_sequences_that_are_told_of_are_cut_off(told: int, left: tuple[int, int]) -> None:
    """Of a packet that was cut too there may be nothing of it."""
    [packet] = read(pcap("<", False, [bytes(14)], cut=2, link_type=told))
    assert (len(packet.data), packet.length) == left
    if told == 0x24000001:
        [packet] = read(pcap("<", False, [bytes(14)], cut=9, link_type=told))
        assert (len(packet.data), packet.length) == (14, 19)


@pytest.mark.parametrize(
    ("told", "flags", "left"),
    [
        (4, None, (12, 12)),  # in bytes, as writers have it, or in bits, as the draft has it
        (32, None, (12, 12)),
        (0, None, (14, 16)),
        (4, 0x001, (12, 12)),  # flags that say nothing of it
        (0, 4 << 5, (12, 12)),
        (4, 2 << 5, (14, 14)),
    ],
)
def test_frame_check_sequences_of_an_interface(told: int, flags: int | None, left: tuple[int, int]) -> None:
    name = struct.pack("<HH3sx", 2, 3, b"va0")
    about = struct.pack("<HHI", 1, 0, 0) + name + struct.pack("<HHB3xHH", 13, 1, told, 0, 0)
    options = b"" if flags is None else struct.pack("<HHIHH", 2, 4, flags, 0, 0)
    data = section("<") + block("<", 1, about) + enhanced("<", bytes(14), cut=2, options=options)
    [packet] = read(data)
    assert (len(packet.data), packet.length) == left
    damaged = section("<") + block("<", 1, about[:16] + b"\xff" * 6) + enhanced("<", bytes(14))
    assert len(read(damaged)) == 1


WHOLE = {
    "pcap": pcap(">", True, [b"one packet", b"and another"]),
    "pcapng": section("<", 1) + enhanced("<", b"one") + block("<", 9, b"skip") + simple("<", b"another"),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_a_cut_file_gives_its_first_packets_or_one_error(data: bytes) -> None:
    """Wherever it is cut; only between blocks it can't be seen."""
    all_of_it = read(data)
    found = [read_or_refused(data[:end]) for end in range(4, len(data))]
    refused = [one for one in found if isinstance(one, str)]
    assert all("is cut off" in message for message in refused)
    assert len(refused) >= len(found) - 4
    assert all(one == all_of_it[: len(one)] for one in found if not isinstance(one, str))


@given(st.sampled_from([*WHOLE.values()]), st.data())
def test_a_damaged_file_ends_in_packets_or_one_error(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for bit in data.draw(st.lists(st.integers(0, len(whole) * 8 - 1), min_size=1, max_size=3)):
        damaged[bit // 8] ^= 1 << bit % 8
    found = read_or_refused(bytes(damaged))
    assert isinstance(found, list) or found.startswith("x.pcap ")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "x.pcap is empty"),
        (b"\x28\xb5\x2f\xfd", "x.pcap is compressed, and not by gzip"),
        (b"root:x:0", "x.pcap is neither pcap nor pcapng"),
        (pcap("<", False, [], link_type=113), r"link type 113 \(Linux cooked\), not Ethernet"),
        (pcap("<", False, [], link_type=4711), "link type 4711, not Ethernet"),
        (section("<", 1) + enhanced("<", b"x", interface=1), "at packet 1: its interface 1 isn't described"),
        (section("<") + simple("<", b"x"), "at packet 1: its interface 0 isn't described"),
        (section("<", 1) + simple("<", b"x", cut=9), "at packet 1: its data are longer than its block"),
        (section("<", 1) + block("<", 6, bytes(8)), "at packet 1: a block is too short"),
        (
            section("<", 1) + struct.pack("<II", 6, 1 << 31),
            "at packet 1: it says that it has 2147483648 bytes",
        ),
        (section("<", 1) + struct.pack("<II", 6, 13), "at packet 1: a block says that it has 13 bytes"),
        (section("<", 1) + struct.pack("<III", 9, 12, 16), "a block says two lengths"),
        (b"\x0a\x0d\x0d\x0a" + bytes(8), "a section has no byte order"),
        (pcap("<", False, []) + struct.pack("<IIII", 0, 0, 1 << 25, 0), "it says that it has 33554432 bytes"),
        (pcap("<", False, [b"x"]) + pcap("<", False, [b"y"]), "at packet 2: another capture begins there"),
        (pcap("<", False, [b"x"]) + pcap(">", True, [b"y"]), "at packet 2: another capture begins there"),
        (pcap("<", False, [b"x"]) + bytes(16), "damaged at packet 2: from there on it holds zeros"),
        (
            pcap("<", False, [b""] * 2000),
            "damaged at packet 1001: it and 1000 packets before it have no byte",
        ),
        (section("<", 1) + enhanced("<", b"") * 2000, "damaged at packet 1001"),
    ],
)
def test_what_is_no_capture_of_ethernet(data: bytes, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read(data)


def test_packets_come_before_the_file_ends() -> None:
    """A file of any size: only one packet of it is held."""
    found = packets(io.BytesIO(pcap("<", False, [b"first"]) + b"cut"), "x")
    assert next(found).data == b"first"
    with pytest.raises(BadRequest, match="cut off at packet 2"):
        next(found)


def test_packets_of_no_time_and_no_length_are_some_if_others_follow() -> None:
    whole = pcap("<", False, [b"x"])
    data = whole + bytes(16 * 3) + whole[24:]
    assert [(p.name, p.data) for p in read(data)] == [
        ("1", b"x"),
        *((str(i), b"") for i in (2, 3, 4)),
        ("5", b"x"),
    ]


class Endless(io.BytesIO):
    """Zeros behind what it holds, as in a sparse file; whoever reads all of them would be busy for years."""

    left = 1 << 20

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        assert size is not None
        self.left -= size - len(found)
        assert self.left > 0
        return found + bytes(size - len(found))


def test_zeros_without_end_are_not_read() -> None:
    found = packets(Endless(pcap("<", False, [b"first"])), "x")
    assert next(found).data == b"first"
    with pytest.raises(BadRequest, match="damaged at packet 2: from there on it holds zeros"):
        next(found)
