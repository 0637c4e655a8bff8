"""Packets to run a program on: the kinds that lessons speak of, and what a user writes in hexadecimal.

They go from 10.77.0.2, port 40000, to 10.77.0.1, or between 2001:db8::2 and 2001:db8::1.
"""

import re
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from xdpctl.core.values.names import ETHERTYPES, IP_PROTOCOLS
from xdpctl.errors import BadRequest

SHORTEST = 14
"""An Ethernet header: the kernel runs programs on nothing shorter."""
ONE_BUFFER = 3520
"""What a page has room for, beside what the kernel keeps in it; programs with `frags` take longer ones."""
LONGEST = ONE_BUFFER + 17 * 4096
"""The first buffer, and as many pages as the kernel has places for."""
LONGEST_BY_BPFTOOL = 32768
"""It has no room for longer ones."""
ETHERNET = 1
LINK_TYPES = {
    0: "BSD loopback",
    9: "PPP",
    12: "raw IP",
    101: "raw IP",
    105: "Wi-Fi",
    113: "Linux cooked",
    127: "Wi-Fi with radiotap",
    228: "raw IPv4",
    229: "raw IPv6",
    276: "Linux cooked v2",
}
"""What people come across beside Ethernet; `tcpdump -i any` writes the cooked ones."""


class Packet(NamedTuple):
    name: str
    data: bytes
    length: int
    """More than there are data, where a capture holds only the beginning."""
    link_type: int = ETHERNET
    """Of the interface that it was recorded on."""


class PacketKind(StrEnum):
    ARP = "arp"
    ICMP = "icmp"
    ICMPV6 = "icmpv6"
    TCP_SYN = "tcp-syn"
    TCP = "tcp"
    UDP = "udp"
    UDP6 = "udp6"
    VLAN = "vlan"
    QINQ = "qinq"
    OPTIONS = "options"
    FRAGMENT = "fragment"
    SHORT = "short"


def of_kind(kind: PacketKind) -> Packet:
    data = _MAKERS[kind]()
    return Packet(str(kind), data, len(data))


def from_hex(name: str, text: str) -> Packet:
    """A frame as people write it down: blanks and colons between the digits."""
    digits = re.sub(r"[\s:]", "", text)
    wrong = re.search(r"[^0-9A-Fa-f]", digits)
    if wrong:
        raise BadRequest(f"--hex: {wrong[0]!r} is no hexadecimal digit", "write bytes: 02:00:00:00:00:01 …")
    if len(digits) % 2:
        raise BadRequest(f"--hex: {len(digits)} digits are no whole bytes", "write two digits for each byte")
    data = bytes.fromhex(digits)
    return Packet(name, data, len(data))


def reason_not_to_run(packet: Packet, longest: int) -> str:
    """Why the kernel can't take this packet as one that came in; empty where it can."""
    size = len(packet.data)
    if SHORTEST <= size <= longest and packet.link_type == ETHERNET:
        return ""
    if packet.link_type != ETHERNET:
        return f"recorded {other_than_ethernet(packet.link_type)}"
    if size < SHORTEST:
        return f"shorter than an Ethernet header ({SHORTEST} bytes)"
    who = {
        ONE_BUFFER: "one buffer holds, and the program isn't known to take more",
        LONGEST_BY_BPFTOOL: "bpftool takes",
        LONGEST: "the kernel takes",
    }
    return f"longer than the {longest} bytes that {who.get(longest, 'the device sends')}"


def other_than_ethernet(link_type: int) -> str:
    known = LINK_TYPES.get(link_type)
    return f"with link type {link_type}{f' ({known})' * bool(known)}, not Ethernet"


def checksum(data: bytes) -> int:
    """The Internet's, of RFC 1071."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


_TO, _FROM = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
_IPV4 = bytes((10, 77, 0, 2)) + bytes((10, 77, 0, 1))
_IPV6 = bytes.fromhex("20010db8000000000000000000000002 20010db8000000000000000000000001")
"""The addresses of sender and receiver."""
_PORT = 40000
_SYN, _PSH_ACK = 0x02, 0x18
_PING = bytes(range(56))
_DNS_QUESTION = bytes.fromhex("1234 0100 0001 0000 0000 0000") + b"\7example\3org\0\0\1\0\1"
_ROUTER_ALERT = bytes.fromhex("94040000")


def _ethernet(
    ethertype: str, payload: bytes, tags: tuple[tuple[str, int], ...] = (), to: bytes = _TO
) -> bytes:
    tagged = b"".join(struct.pack("!HH", ETHERTYPES[name], vlan) for name, vlan in tags)
    return to + _FROM + tagged + struct.pack("!H", ETHERTYPES[ethertype]) + payload


def _ipv4(protocol: str, payload: bytes, options: bytes = b"", fragment: int = 0) -> bytes:
    """`fragment` is where the payload begins in the whole, in units of 8 bytes."""
    words = 5 + len(options) // 4
    length = 4 * words + len(payload)
    start = struct.pack("!BBHHHBB", 0x40 | words, 0, length, 1, fragment, 64, IP_PROTOCOLS[protocol])
    rest = _IPV4 + options
    return start + struct.pack("!H", checksum(start + b"\0\0" + rest)) + rest + payload


def _ipv6(protocol: str, payload: bytes) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(payload), IP_PROTOCOLS[protocol], 64) + _IPV6 + payload


def _summed(protocol: str, addresses: bytes, header: bytes, at: int, payload: bytes = b"") -> bytes:
    """The header with its checksum, which covers the addresses too, at this place; then the payload."""
    whole = header + payload
    beside = addresses + struct.pack("!II", len(whole), IP_PROTOCOLS[protocol])
    return whole[:at] + struct.pack("!H", checksum(beside + whole)) + whole[at + 2 :]


def _tcp(flags: int, payload: bytes = b"") -> bytes:
    header = struct.pack("!HHIIBBHHH", _PORT, 80, 1, 0 if flags == _SYN else 1, 5 << 4, flags, 64240, 0, 0)
    return _summed("tcp", _IPV4, header, 16, payload)


def _udp(addresses: bytes) -> bytes:
    header = struct.pack("!HHHH", _PORT, 53, 8 + len(_DNS_QUESTION), 0)
    return _summed("udp", addresses, header, 6, _DNS_QUESTION)


def _ping() -> bytes:
    whole = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + _PING
    return whole[:2] + struct.pack("!H", checksum(whole)) + whole[4:]


def _ping6() -> bytes:
    return _summed("icmpv6", _IPV6, struct.pack("!BBHHH", 128, 0, 0, 1, 1), 2, _PING)


def _arp() -> bytes:
    """Who has 10.77.0.1? Everybody is asked."""
    asked = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + _FROM + _IPV4[:4] + bytes(6) + _IPV4[4:]
    return _ethernet("arp", asked, to=b"\xff" * 6)


def _icmp(*tags: tuple[str, int]) -> bytes:
    return _ethernet("ipv4", _ipv4("icmp", _ping()), tags)


_MAKERS: dict[PacketKind, Callable[[], bytes]] = {
    PacketKind.ARP: _arp,
    PacketKind.ICMP: _icmp,
    PacketKind.ICMPV6: lambda: _ethernet("ipv6", _ipv6("icmpv6", _ping6())),
    PacketKind.TCP_SYN: lambda: _ethernet("ipv4", _ipv4("tcp", _tcp(_SYN))),
    PacketKind.TCP: lambda: _ethernet("ipv4", _ipv4("tcp", _tcp(_PSH_ACK, b"GET / HTTP/1.0\r\n\r\n"))),
    PacketKind.UDP: lambda: _ethernet("ipv4", _ipv4("udp", _udp(_IPV4))),
    PacketKind.UDP6: lambda: _ethernet("ipv6", _ipv6("udp", _udp(_IPV6))),
    PacketKind.VLAN: lambda: _icmp(("vlan", 100)),
    PacketKind.QINQ: lambda: _icmp(("qinq", 10), ("vlan", 100)),
    PacketKind.OPTIONS: lambda: _ethernet("ipv4", _ipv4("udp", _udp(_IPV4), _ROUTER_ALERT)),
    PacketKind.FRAGMENT: lambda: _ethernet("ipv4", _ipv4("udp", _PING, fragment=185)),
    PacketKind.SHORT: lambda: _ethernet("ipv4", b""),
}
