"""What the reference reads from frames of which the answer is known; scapy builds some and reads others."""

from dataclasses import asdict
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given, settings

from .facts import EXTENSIONS, FRAGMENT, IPV4, IPV6, MOBILITY, Facts, facts
from .packets import ethernet, extension, ipv4, ipv6, upper, whole_frames

V4 = {"ethertype": IPV4, "src_ip": IPv4Address("10.0.0.1"), "dst_ip": IPv4Address("10.0.0.2"), "ttl": 64}
V6 = V4 | {
    "ethertype": IPV6,
    "src_ip": IPv6Address("2001:db8::1"),
    "dst_ip": IPv6Address("2001:db8::2"),
}
PORTS = {"src_port": 80, "dst_port": 443}
SYN_ACK = {"ip_proto": 6, **PORTS, "tcp_flags": 0x12}


def known(frame: bytes) -> dict[str, Any]:
    """What a frame has beside MACs and length."""
    always = ("length", "src_mac", "dst_mac", "unseen")
    return {k: v for k, v in asdict(facts(frame)).items() if k not in always and v not in (None, 0)}


def v4(protocol: int = 6, payload: bytes = upper(), **more: Any) -> bytes:
    return ethernet(IPV4, ipv4(protocol, payload, **more))


def v6(*kinds: int, protocol: int = 6, payload: bytes = upper(), fragment: int = 0, **more: Any) -> bytes:
    for kind in reversed(kinds):
        payload = extension(kind, protocol, fragment=fragment if kind == FRAGMENT else 0) + payload
        protocol = kind
    return ethernet(IPV6, ipv6(protocol, payload, **more))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (ethernet(0x88B5, b""), {"ethertype": 0x88B5}),
        (ethernet(46, bytes(46)), {}),
        (ethernet(0x0600, b""), {"ethertype": 0x0600}),
        (v4(), V4 | SYN_ACK),
        (v4(17), V4 | PORTS | {"ip_proto": 17}),
        (v4(1), V4 | {"ip_proto": 1}),
        (v4(44), V4 | {"ip_proto": 44}),
        (v4(options=bytes(40)), V4 | SYN_ACK),
        (v4(fragment=0x2000), V4 | SYN_ACK),
        (v4(fragment=0x2001), V4 | {"ip_proto": 6}),
        (v4(tos=0xB8 | 3), V4 | SYN_ACK | {"dscp": 46}),
        (v4(longer=-6), V4 | SYN_ACK),
        (v4(longer=-7), V4 | PORTS | {"ip_proto": 6}),
        (v4(longer=-16), V4 | PORTS | {"ip_proto": 6}),
        (v4(longer=-17), V4 | {"ip_proto": 6}),
        (v4(longer=9), V4 | SYN_ACK),
        (v4(longer=-40), V4 | SYN_ACK),
        (v4(longer=-39), V4 | {"ip_proto": 6}),
        (v4(longer=-60, options=bytes(20)), V4 | SYN_ACK),
        (v4(longer=-21, options=bytes(20)), V4 | {"ip_proto": 6}),
        (v4()[: 34 + 10], V4 | PORTS | {"ip_proto": 6}),
        (v4()[: 34 + 3], V4 | {"ip_proto": 6}),
        (v4()[:34], V4 | {"ip_proto": 6}),
        (v4()[:33], {"ethertype": IPV4}),
        (ethernet(IPV4, b"\x44" + ipv4(6, upper())[1:]), {"ethertype": IPV4}),
        (ethernet(IPV4, b"\x55" + ipv4(6, upper())[1:]), {"ethertype": IPV4}),
        (ethernet(IPV4, ipv6(6, upper())), {"ethertype": IPV4}),
        (v6(), V6 | SYN_ACK),
        (v6()[:53], {"ethertype": IPV6}),
        (ethernet(IPV6, ipv4(6, upper() + bytes(40))), {"ethertype": IPV6}),
        (v6(tos=0xB8), V6 | SYN_ACK | {"dscp": 46}),
        (v6(longer=-17), V6 | {"ip_proto": 6}),
        (v6(longer=-20), V6 | SYN_ACK),
        (v6(0, 43, longer=-36), V6 | SYN_ACK),
        (v6(0, 43, 44, 51, 60, 135), V6 | SYN_ACK),
        (v6(0, 43, 44, 51, 60, 135, 60), V6),
        (v6(0, 43, 44, fragment=1), V6 | SYN_ACK),
        (v6(0, 43, 44, fragment=8), V6 | {"ip_proto": 6}),
        (v6(44, 60, fragment=8), V6),
        (v6(0, payload=b"")[:-1], V6),
        (v6(0, payload=b"", longer=-1), V6),
        (v6(0, payload=b""), V6 | {"ip_proto": 6}),
        (v6(protocol=59), V6 | {"ip_proto": 59}),
    ],
)
def test_facts(frame: bytes, expected: dict[str, Any]) -> None:
    assert known(frame) == expected


@pytest.mark.parametrize("tags", range(7))
def test_tags(tags: int) -> None:
    """Four tags are taken; a fifth is what the frame carries, and so is what stands behind it."""
    frame = ethernet(IPV4, ipv4(6, upper()), [(0x88A8, 0xF001), *[(0x8100, 7)] * 5][:tags])
    vlan = {"vlan": 1} if tags else {}
    assert known(frame) == vlan | ({"ethertype": 0x8100} if tags > 4 else V4 | SYN_ACK)
    for cut in range(1, min(tags, 4)):
        assert known(frame[: 14 + 4 * cut + 3]) == {"vlan": 1}
    if tags:
        assert known(frame[:17]) == {}


PORTS_ON = ["dst_port", "src_port", "tcp_flags"]
PROTOCOL_ON = sorted(["ip_proto", *PORTS_ON])
IP_ON = sorted(["dscp", "dst_ip", "src_ip", "ttl", *PROTOCOL_ON])


@pytest.mark.parametrize(
    ("frame", "unseen"),
    [
        (v4(), []),
        (v4(1, b""), []),
        (ethernet(0x0806, b""), []),
        (ethernet(46, bytes(46)), []),
        (v4(fragment=1), PORTS_ON),
        (v4(17, fragment=1), PORTS_ON[:2]),
        (v4(1, fragment=1), []),
        (v4()[: 34 + 13], ["tcp_flags"]),
        (v4(17)[: 34 + 13], []),
        (v4()[: 34 + 3], PORTS_ON),
        (v4(17)[: 34 + 3], PORTS_ON[:2]),
        (v4(longer=-39), PORTS_ON),
        (v4()[:33], IP_ON),
        (ethernet(IPV4, b"\x44" + ipv4(6, upper())[1:]), IP_ON),
        (ethernet(IPV4, ipv6(6, upper())), IP_ON),
        (v6()[:53], IP_ON),
        (v6(44, fragment=8), PORTS_ON),
        (v6(44, protocol=17, fragment=8), PORTS_ON[:2]),
        (v6(44, protocol=58, fragment=8), []),
        (v6(44, 60, fragment=8), PROTOCOL_ON),
        (v6(*[60] * 6), []),
        (v6(*[60] * 7), PROTOCOL_ON),
        (v6(0, payload=b"")[:-1], PROTOCOL_ON),
        (ethernet(IPV4, ipv4(6, upper()), [(0x8100, 1)] * 5), sorted(["ethertype", *IP_ON])),
        (ethernet(IPV4, b"", [(0x8100, 1)] * 2)[:21], sorted(["ethertype", *IP_ON])),
        (ethernet(IPV4, b"", [(0x8100, 1)])[:17], sorted(["ethertype", "vlan", *IP_ON])),
    ],
)
def test_what_cannot_be_seen(frame: bytes, unseen: list[str]) -> None:
    assert sorted(facts(frame).unseen) == unseen


def test_lengths_of_extension_headers() -> None:
    for kind in EXTENSIONS:
        payload = extension(kind, 17, units=2) + upper()
        expected = V6 | PORTS | {"ip_proto": 17}
        assert known(ethernet(IPV6, ipv6(kind, payload))) == expected
    lies = bytes([17, 255]) + bytes(6) + upper()
    assert known(ethernet(IPV6, ipv6(MOBILITY, lies))) == V6 | {"ip_proto": 17}


def test_what_scapy_builds() -> None:
    from scapy.layers import inet, inet6, l2, sctp

    a, b = "192.0.2.1", "198.51.100.7"
    c, d = "2001:db8::c", "2001:db8::d"
    ether = l2.Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
    tcp = inet.TCP(sport=1234, dport=443, flags="SEC")
    udp = inet.UDP(sport=53, dport=5353)
    tcp_facts = {"ip_proto": 6, "src_port": 1234, "dst_port": 443, "tcp_flags": 0xC2}
    udp_facts = {"ip_proto": 17, "src_port": 53, "dst_port": 5353}
    four = {"ethertype": IPV4, "src_ip": ip_address(a), "dst_ip": ip_address(b)}
    six = {"ethertype": IPV6, "src_ip": ip_address(c), "dst_ip": ip_address(d)}
    ip, ip6 = inet.IP(src=a, dst=b, ttl=3, tos=0x28), inet6.IPv6(src=c, dst=d, hlim=9, tc=0x28)
    four |= {"ttl": 3, "dscp": 10}
    six |= {"ttl": 9, "dscp": 10}
    options = inet.IP(src=a, dst=b, ttl=3, tos=0x28, options=[inet.IPOption_Router_Alert()])
    headers = inet6.IPv6ExtHdrHopByHop() / inet6.IPv6ExtHdrRouting() / inet6.IPv6ExtHdrDestOpt()
    for packet, expected in (
        (l2.ARP(), {"ethertype": 0x0806}),
        (ip / tcp, four | tcp_facts),
        (options / udp, four | udp_facts),
        (ip / inet.ICMP(), four | {"ip_proto": 1}),
        (ip / sctp.SCTP(sport=5, dport=6), four | {"ip_proto": 132, "src_port": 5, "dst_port": 6}),
        (l2.Dot1AD(vlan=9) / l2.Dot1Q(vlan=8) / ip / udp, four | udp_facts | {"vlan": 9}),
        (ip6 / tcp, six | tcp_facts),
        (ip6 / headers / udp, six | udp_facts),
        (ip6 / inet6.IPv6ExtHdrFragment(m=1) / udp, six | udp_facts),
        (ip6 / inet6.IPv6ExtHdrFragment(offset=1, nh=17) / b"cut", six | {"ip_proto": 17}),
        (ip6 / inet6.ICMPv6EchoRequest(), six | {"ip_proto": 58}),
    ):
        frame = bytes(ether / packet)
        assert known(frame) == expected, packet
        assert facts(frame).src_mac.hex(":") == ether.src


@settings(max_examples=100, deadline=None, derandomize=True)
@given(whole_frames())
def test_what_scapy_reads(frame: bytes) -> None:
    """The header of IP, where both find one."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether

    mine, read = facts(frame), Ether(frame)
    if isinstance(mine.src_ip, IPv4Address) and (ip := read.getlayer(IP)):
        assert (str(mine.src_ip), str(mine.dst_ip), mine.ttl) == (ip.src, ip.dst, ip.ttl)
        assert (mine.dscp, mine.ip_proto) == (ip.tos >> 2, ip.proto)
    if isinstance(mine.src_ip, IPv6Address) and (ip := read.getlayer(IPv6)):
        assert (mine.src_ip, mine.dst_ip) == (IPv6Address(ip.src), IPv6Address(ip.dst))
        assert (mine.dscp, mine.ttl) == (ip.tc >> 2, ip.hlim)


def test_a_frame_without_anything() -> None:
    assert facts(bytes(14)) == Facts(14, bytes(6), bytes(6))
