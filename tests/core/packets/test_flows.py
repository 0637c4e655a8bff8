"""Flows made of one packet: all different, and every one of them right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from xdpctl.core.packets.flows import MOST, varied
from xdpctl.core.packets.samples import PacketKind, of_kind

KINDS = list(PacketKind)


@pytest.mark.parametrize("kind", KINDS)
def test_all_flows_differ(kind: PacketKind) -> None:
    frame = of_kind(kind).data
    flow = varied(frame)
    assert flow(0) == frame
    assert len({flow(number) for number in range(MOST)}) == MOST
    assert {len(flow(number)) for number in (1, MOST - 1)} == {len(frame)}


@given(st.sampled_from(KINDS), st.integers(0, MOST - 1))
def test_checksums_are_right(kind: PacketKind, number: int) -> None:
    """As scapy computes them anew."""
    sent = varied(of_kind(kind).data)(number)
    anew = Ether(sent)
    for layer in anew.layers() if kind != PacketKind.FRAGMENT else [Ether, IP]:
        if "chksum" in anew[layer].fields and kind != PacketKind.SHORT:
            del anew[layer].chksum
        if "cksum" in anew[layer].fields:
            del anew[layer].cksum
    assert bytes(anew) == sent


@pytest.mark.parametrize(
    ("kind", "layer", "member", "first", "second"),
    [
        (PacketKind.UDP, UDP, "sport", 40000, 40001),
        (PacketKind.UDP6, UDP, "sport", 40000, 40001),
        (PacketKind.TCP_SYN, TCP, "sport", 40000, 40001),
        (PacketKind.ICMP, IP, "src", "10.77.0.2", "10.77.0.3"),
        (PacketKind.FRAGMENT, IP, "src", "10.77.0.2", "10.77.0.3"),
        (PacketKind.ICMPV6, IPv6, "src", "2001:db8::2", "2001:db8::3"),
        (PacketKind.ARP, Ether, "src", "02:00:00:00:00:02", "02:00:00:00:00:03"),
    ],
)
def test_what_counts_up(kind: PacketKind, layer: type, member: str, first: object, second: object) -> None:
    flow = varied(of_kind(kind).data)
    assert [getattr(Ether(flow(number))[layer], member) for number in (0, 1)] == [first, second]


def test_udp_without_a_checksum_stays_without() -> None:
    frame = bytes(Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=2, chksum=0))
    assert Ether(varied(frame)(5))[UDP].chksum == 0
