"""What a frame holds, read from its bytes: the reference that generated programs are held to.

Slices do the work of bounds checks: bytes past the end of the frame, or of what the IP header
says belongs to the packet, are missing from `Ip.upper`. A frame that ends too early, or is of a kind
that isn't followed further, leaves things unseen that it may well have.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address

TAGS = (0x8100, 0x88A8)
MOST_TAGS = 4
LOWEST_ETHERTYPE = 0x0600
"""What is below is the length of an 802.3 frame."""
IPV4, IPV6 = 0x0800, 0x86DD
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION, MOBILITY = EXTENSIONS = (0, 43, 44, 51, 60, 135)
MOST_EXTENSIONS = 6
TCP = 6
WITH_PORTS = (TCP, 17, 33, 132, 136)
PORTS, FLAGS = frozenset(("src_port", "dst_port")), frozenset(("tcp_flags",))
PROTOCOL = frozenset(("ip_proto",)) | PORTS | FLAGS
IP = frozenset(("src_ip", "dst_ip", "ttl", "dscp")) | PROTOCOL
ETHERTYPE = frozenset(("ethertype",)) | IP
VLAN = frozenset(("vlan",)) | ETHERTYPE
"""What can't be seen where the ports, the flags, … can't: all that follows them."""


@dataclass(frozen=True)
class Ip:
    src: Address
    dst: Address
    ttl: int
    dscp: int
    protocol: int | None
    upper: bytes
    """The header above IP and what follows it; nothing of it in later fragments."""

    @property
    def ports(self) -> bool:
        return self.protocol in WITH_PORTS and len(self.upper) >= 4

    @property
    def flags(self) -> bool:
        return self.protocol == TCP and len(self.upper) >= 14

    @property
    def unseen(self) -> frozenset[str]:
        if self.protocol is None:
            return PROTOCOL
        ports = PORTS if self.protocol in WITH_PORTS and not self.ports else frozenset()
        return ports | (FLAGS if self.protocol == TCP and not self.flags else frozenset())


@dataclass(frozen=True)
class Facts:
    """None is what a frame doesn't have."""

    length: int
    src_mac: bytes
    dst_mac: bytes
    ethertype: int | None = None
    vlan: int | None = None
    ip_proto: int | None = None
    src_ip: Address | None = None
    dst_ip: Address | None = None
    ttl: int | None = None
    dscp: int | None = None
    src_port: int | None = None
    dst_port: int | None = None
    tcp_flags: int | None = None
    unseen: frozenset[str] = frozenset()
    """What the packet may have all the same."""


def facts(frame: bytes) -> Facts:
    vlan, ethertype, packet = _untagged(frame)
    ip = _ipv4(packet) if ethertype == IPV4 else _ipv6(packet) if ethertype == IPV6 else None
    return Facts(
        length=len(frame),
        src_mac=frame[6:12],
        dst_mac=frame[:6],
        ethertype=ethertype if ethertype and ethertype >= LOWEST_ETHERTYPE else None,
        vlan=vlan,
        ip_proto=ip.protocol if ip else None,
        src_ip=ip.src if ip else None,
        dst_ip=ip.dst if ip else None,
        ttl=ip.ttl if ip else None,
        dscp=ip.dscp if ip else None,
        src_port=_number(ip.upper[:2]) if ip and ip.ports else None,
        dst_port=_number(ip.upper[2:4]) if ip and ip.ports else None,
        tcp_flags=ip.upper[13] if ip and ip.flags else None,
        unseen=ip.unseen if ip else _unseen_below_ip(vlan, ethertype),
    )


def _unseen_below_ip(vlan: int | None, ethertype: int | None) -> frozenset[str]:
    if ethertype is None and vlan is None:
        return VLAN
    if ethertype is None or ethertype in TAGS:
        return ETHERTYPE
    return IP if ethertype in (IPV4, IPV6) else frozenset()


def _untagged(frame: bytes) -> tuple[int | None, int | None, bytes]:
    """VLAN id of the outermost tag, EtherType (None where a tag is cut off), and what follows."""
    vlan, ethertype, rest = None, _number(frame[12:14]), frame[14:]
    for tag in range(MOST_TAGS):
        if ethertype not in TAGS:
            break
        if len(rest) < 4:
            return vlan, None, b""
        if tag == 0:
            vlan = _number(rest[:2]) & 0xFFF
        ethertype, rest = _number(rest[2:4]), rest[4:]
    return vlan, ethertype, rest


def _ipv4(packet: bytes) -> Ip | None:
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[0] & 15 < 5:
        return None
    later_fragment = _number(packet[6:8]) & 0x1FFF
    upper = packet[: _length(packet[2:4])][(packet[0] & 15) * 4 :]
    src, dst = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
    return Ip(src, dst, packet[8], packet[1] >> 2, packet[9], b"" if later_fragment else upper)


def _ipv6(packet: bytes) -> Ip | None:
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None
    payload = packet[40:][: _length(packet[4:6])]
    protocol, upper = _without_extensions(packet[6], payload)
    src, dst = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
    traffic_class = _number(packet[:2]) >> 4 & 0xFF
    return Ip(src, dst, packet[7], traffic_class >> 2, protocol, upper)


def _without_extensions(protocol: int, rest: bytes) -> tuple[int | None, bytes]:
    for _ in range(MOST_EXTENSIONS):
        if protocol not in EXTENSIONS:
            break
        if len(rest) < 8:
            return None, b""
        following = rest[0]
        if protocol == FRAGMENT and _number(rest[2:4]) & 0xFFF8:
            protocol, rest = following, b""
            break
        rest = rest[_extent(protocol, rest[1]) :]
        protocol = following
    return (None, b"") if protocol in EXTENSIONS else (protocol, rest)


def _length(field: bytes) -> int | None:
    """How much of a frame belongs to a packet; a field of 0 stands for more than it can say."""
    return _number(field) or None


def _extent(extension: int, said: int) -> int:
    if extension == FRAGMENT:
        return 8
    return (said + 2) * 4 if extension == AUTHENTICATION else (said + 1) * 8


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
