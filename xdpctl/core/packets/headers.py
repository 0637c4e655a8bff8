"""Which bytes of a frame are which field of a header, as far as its headers can be followed."""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from xdpctl.core.values.formats import Reader, hexadecimal, ipv4, ipv6, mac, network_order
from xdpctl.core.values.names import ETHERTYPES, IP_PROTOCOLS, TCP_FLAGS


class HeaderField(Struct, frozen=True):
    name: str
    offset: int
    size: int
    read: Reader


Layout = tuple[tuple[str, int, Reader], ...]
"""Fields that follow upon each other: name, size, and how to read it."""


def fields(frame: bytes) -> tuple[HeaderField, ...]:
    """Those that lie in the frame as a whole, in their order."""
    return tuple(field for field in _ethernet(frame) if field.offset + field.size <= len(frame))


def _by_name(names: Mapping[str, int]) -> Reader:
    known = {number: name for name, number in names.items()}
    return lambda data: known.get(network_order(data), hexadecimal(data))


def _flags(data: bytes) -> str:
    return "|".join(name for bit, name in enumerate(TCP_FLAGS) if data[0] >> bit & 1) or "0"


_ethertype, _protocol = _by_name(ETHERTYPES), _by_name(IP_PROTOCOLS)
_CHECKSUM = ("checksum", 2, hexadecimal)
_PORTS: Layout = (("src_port", 2, network_order), ("dst_port", 2, network_order))
_MACS: Layout = (("dst_mac", 6, mac), ("src_mac", 6, mac))
_TYPE: Layout = (("ethertype", 2, _ethertype),)
_TAG: Layout = (("vlan_tag", 2, hexadecimal), *_TYPE)
_ARP: Layout = (
    ("arp_types", 6, hexadecimal),
    ("arp_operation", 2, network_order),
    ("sender_mac", 6, mac),
    ("sender_ip", 4, ipv4),
    ("target_mac", 6, mac),
    ("target_ip", 4, ipv4),
)
_IPV4: Layout = (
    ("version_and_length", 1, hexadecimal),
    ("tos", 1, hexadecimal),
    ("length", 2, network_order),
    ("id", 2, network_order),
    ("fragment", 2, hexadecimal),
    ("ttl", 1, network_order),
    ("ip_proto", 1, _protocol),
    ("ip_checksum", 2, hexadecimal),
    ("src_ip", 4, ipv4),
    ("dst_ip", 4, ipv4),
)
_IPV6: Layout = (
    ("version_and_class", 4, hexadecimal),
    ("length", 2, network_order),
    ("ip_proto", 1, _protocol),
    ("ttl", 1, network_order),
    ("src_ip", 16, ipv6),
    ("dst_ip", 16, ipv6),
)
_UPPER: Mapping[int, Layout] = {
    IP_PROTOCOLS["tcp"]: (
        *_PORTS,
        ("sequence", 4, network_order),
        ("acknowledgment", 4, network_order),
        ("header_length", 1, hexadecimal),
        ("tcp_flags", 1, _flags),
        ("window", 2, network_order),
        _CHECKSUM,
        ("urgent", 2, network_order),
    ),
    IP_PROTOCOLS["udp"]: (*_PORTS, ("length", 2, network_order), _CHECKSUM),
    **dict.fromkeys(
        (IP_PROTOCOLS["icmp"], IP_PROTOCOLS["icmpv6"]),
        (("icmp_type", 1, network_order), ("icmp_code", 1, network_order), _CHECKSUM),
    ),
}


def _at(offset: int, layout: Layout) -> Iterator[HeaderField]:
    for name, size, read in layout:
        yield HeaderField(name, offset, size, read)
        offset += size


def _ethernet(frame: bytes) -> Iterator[HeaderField]:
    yield from _at(0, (*_MACS, *_TYPE))
    offset = 14
    while (ethertype := network_order(frame[offset - 2 : offset])) in _TAGS and offset + 4 <= len(frame):
        yield from _at(offset, _TAG)
        offset += 4
    if ethertype in _INSIDE:
        yield from _INSIDE[ethertype](frame, offset)


def _arp(_frame: bytes, offset: int) -> Iterator[HeaderField]:
    return _at(offset, _ARP)


def _ipv4(frame: bytes, offset: int) -> Iterator[HeaderField]:
    yield from _at(offset, _IPV4)
    header = frame[offset : offset + 20]
    if len(header) == 20 and not network_order(header[6:8]) & 0x1FFF:
        yield from _at(offset + 4 * (header[0] & 15), _UPPER.get(header[9], ()))


def _ipv6(frame: bytes, offset: int) -> Iterator[HeaderField]:
    """Extension headers aren't followed."""
    yield from _at(offset, _IPV6)
    if len(frame) >= offset + 40:
        yield from _at(offset + 40, _UPPER.get(frame[offset + 6], ()))


_TAGS = (ETHERTYPES["vlan"], ETHERTYPES["qinq"])
_INSIDE: Mapping[int, Callable[[bytes, int], Iterator[HeaderField]]] = {
    ETHERTYPES["arp"]: _arp,
    ETHERTYPES["ipv4"]: _ipv4,
    ETHERTYPES["ipv6"]: _ipv6,
}
