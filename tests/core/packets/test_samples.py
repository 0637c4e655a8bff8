"""Packets of every kind are what scapy, which nobody here wrote, takes them for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.compat import raw
from scapy.config import conf
from scapy.layers.l2 import Ether

from scapy.layers.inet import ICMP, IP, TCP, UDP  # isort: skip
from scapy.layers.inet6 import IPv6  # isort: skip

from xdpctl.core.packets.samples import (
    LONGEST,
    LONGEST_BY_BPFTOOL,
    ONE_BUFFER,
    Packet,
    PacketKind,
    checksum,
    from_hex,
    of_kind,
    reason_not_to_run,
)
from xdpctl.errors import BadRequest

conf.noenum.add(IP.proto, TCP.dport, UDP.dport)  # names of which depend on /etc/services and the like

SUMMARIES = {
    PacketKind.ARP: "ARP who has 10.77.0.1 says 10.77.0.2",
    PacketKind.ICMP: "IP / ICMP 10.77.0.2 > 10.77.0.1 echo-request 0",
    PacketKind.ICMPV6: "IPv6 / ICMPv6 Echo Request (id: 0x1 seq: 0x1)",
    PacketKind.TCP_SYN: "IP / TCP 10.77.0.2:40000 > 10.77.0.1:80 S",
    PacketKind.TCP: "IP / TCP 10.77.0.2:40000 > 10.77.0.1:80 PA",
    PacketKind.UDP: "IP / UDP 10.77.0.2:40000 > 10.77.0.1:53",
    PacketKind.UDP6: "IPv6 / UDP 2001:db8::2:40000 > 2001:db8::1:53",
    PacketKind.VLAN: "Dot1Q / IP / ICMP 10.77.0.2 > 10.77.0.1 echo-request 0",
    PacketKind.QINQ: "Dot1AD / Dot1Q / IP / ICMP 10.77.0.2 > 10.77.0.1 echo-request 0",
    PacketKind.OPTIONS: "IP / UDP 10.77.0.2:40000 > 10.77.0.1:53",
    PacketKind.FRAGMENT: "10.77.0.2 > 10.77.0.1 17 frag:185",
    PacketKind.SHORT: "02:00:00:00:00:02 > 02:00:00:00:00:01 (IPv4)",
}


@pytest.mark.parametrize("kind", PacketKind)
def test_kinds_are_what_they_are_called_and_their_sums_are_right(kind: PacketKind) -> None:
    packet = of_kind(kind)
    found = Ether(packet.data)
    assert SUMMARIES[kind] in found.summary()
    for layer in (IP, IPv6, TCP, UDP, ICMP, "ICMPv6 Echo Request"):
        if layer in found:
            for sum_or_length in ("chksum", "cksum", "len", "plen", "ihl", "dataofs"):
                if sum_or_length in found[layer].fields:
                    delattr(found[layer], sum_or_length)
    if kind is PacketKind.FRAGMENT:
        assert raw(found)[:34] == packet.data[:34]
    else:
        assert raw(found) == packet.data  # scapy has computed them anew
    assert packet.length == len(packet.data) >= 14


def test_ping_is_as_long_as_that_of_ping() -> None:
    assert (of_kind(PacketKind.ICMP).length, of_kind(PacketKind.ICMPV6).length) == (98, 118)


@given(st.binary(min_size=2, max_size=99).filter(lambda data: any(data)))
def test_data_with_their_checksum_have_none(data: bytes) -> None:
    padded = data + bytes(len(data) % 2)
    assert checksum(padded + checksum(data).to_bytes(2, "big")) == 0


@given(st.binary(max_size=30), st.sampled_from(["", ":", " ", "\n", "  "]))
def test_hexadecimal_as_people_write_it(data: bytes, between: str) -> None:
    text = data.hex(between) if between in (":", " ") else between.join(f"{byte:02X}" for byte in data)
    assert from_hex("1", text) == Packet("1", data, len(data))


@pytest.mark.parametrize(
    ("text", "says"), [("0", "1 digits"), ("0x00", "'x' is no hex"), ("0g", "'g'"), ("00 é0", "'é'")]
)
def test_what_is_no_hexadecimal(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        from_hex("1", text)


@pytest.mark.parametrize(
    ("size", "longest", "says"),
    [
        (13, ONE_BUFFER, "shorter than an Ethernet header"),
        (14, ONE_BUFFER, ""),
        (3520, ONE_BUFFER, ""),
        (3521, ONE_BUFFER, "longer than the 3520 bytes that one buffer holds, and the program"),
        (3521, LONGEST, ""),
        (73152, LONGEST, ""),
        (73153, LONGEST, "longer than the 73152 bytes that the kernel takes"),
        (32769, LONGEST_BY_BPFTOOL, "longer than the 32768 bytes that bpftool takes"),
    ],
)
def test_lengths_that_can_be_run(size: int, longest: int, says: str) -> None:
    reason = reason_not_to_run(Packet("1", bytes(size), size), longest)
    assert reason.startswith(says)
    assert bool(reason) == bool(says)
