"""Frames, good and bad. They share their addresses and numbers with specs, so that rules match."""

import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from hypothesis import strategies as st

from .facts import AUTHENTICATION, EXTENSIONS, FRAGMENT, IPV4, IPV6, TAGS

T = TypeVar("T")

SHORTEST = 14

MACS = tuple(bytes.fromhex(mac) for mac in ("020000000001", "020000000002", "0200ff000001", "ffffffffffff"))
IPV4_ADDRESSES = tuple(
    map(IPv4Address, "10.0.0.1 10.0.0.2 10.1.2.3 192.0.2.7 0.0.0.0 255.255.255.255".split())
)
IPV6_ADDRESSES = tuple(
    map(IPv6Address, "2001:db8::1 2001:db8::2 2001:db8:1::1 fe80::1 :: ::ffff:10.0.0.1 a00:1::".split())
)
"""The last two hold bytes of 10.0.0.1, the last one where a key in memory has those of IPv4."""
ETHERTYPES = (IPV4, IPV6, 0x0806, 0x88B5, 0x88CC, 0x9100, 0x0600, 0x05FF, 46, 0)
VLANS = (100, 1, 0, 4095)
PROTOCOLS = (6, 17, 1, 58, 132, 33, 136, 47, 41, 200, 255)
PORTS = (80, 443, 53, 1023, 1024, 65535, 0)
TCP_FLAGS = (0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x00, 0xFF, 0xC2)
DSCPS = (0, 46, 10, 1, 63)
TTLS = (64, 1, 255, 0)
FIRST_BYTES = (0x44, 0x40, 0x46, 0x4F, 0x55, 0x65)
"""Wrong ones, of IPv4 or of IPv6: its version, and for IPv4 the length of its header."""


def ethernet(
    ethertype: int,
    payload: bytes,
    tags: Sequence[tuple[int, int]] = (),
    *,
    dst: bytes = MACS[0],
    src: bytes = MACS[1],
) -> bytes:
    """Tags are pairs of type and TCI, the outermost first."""
    types = [struct.pack("!HH", type_, tci) for type_, tci in tags]
    return b"".join((dst, src, *types, struct.pack("!H", ethertype), payload))


def ipv4(
    protocol: int,
    payload: bytes,
    *,
    src: IPv4Address = IPV4_ADDRESSES[0],
    dst: IPv4Address = IPV4_ADDRESSES[1],
    options: bytes = b"",
    fragment: int = 0,
    tos: int = 0,
    ttl: int = 64,
    longer: int = 0,
) -> bytes:
    """An IPv4 packet which says that it is `longer` than it is."""
    words = 5 + len(options) // 4
    length = max(0, words * 4 + len(payload) + longer) & 0xFFFF
    start = struct.pack("!BBHHHBBH", 0x40 + words, tos, length, 1, fragment, ttl, protocol, 0)
    return start + src.packed + dst.packed + options + payload


def ipv6(
    protocol: int,
    payload: bytes,
    *,
    src: IPv6Address = IPV6_ADDRESSES[0],
    dst: IPv6Address = IPV6_ADDRESSES[1],
    tos: int = 0,
    ttl: int = 64,
    longer: int = 0,
) -> bytes:
    """An IPv6 packet which says that it is `longer` than it is."""
    length = max(0, len(payload) + longer) & 0xFFFF
    start = struct.pack("!IHBB", 6 << 28 | tos << 20 | 0xABCDE, length, protocol, ttl)
    return start + src.packed + dst.packed + payload


def extension(kind: int, following: int, units: int = 0, fragment: int = 0) -> bytes:
    """A header of IPv6 which is as long as it says: `units` more than it has to be."""
    if kind == FRAGMENT:
        return struct.pack("!BBHI", following, units, fragment, 7)
    length = (units + 2) * 4 if kind == AUTHENTICATION else (units + 1) * 8
    return bytes([following, units]).ljust(length, b"\x06")


def upper(src_port: int = 80, dst_port: int = 443, flags: int = 0x12) -> bytes:
    """A TCP header; other protocols get it too, so that who reads too much is caught."""
    return struct.pack("!HHIIBBHHH", src_port, dst_port, 1, 2, 0x50, flags, 3, 4, 5)


def misread(packet: bytes, first_byte: int) -> bytes:
    """The same with another first byte."""
    return bytes([first_byte]) + packet[1:]


def mostly(usual: T, *others: T) -> st.SearchStrategy[T]:
    return st.sampled_from((usual,) * 3 * len(others) + others)


protocols = st.one_of(st.sampled_from((6, 6, 6, 17)), st.sampled_from(PROTOCOLS + EXTENSIONS))
longer = mostly(0, -1, -6, -7, -16, -17, -20, -40, -1000, 1, 1000, 65535)
"""How much longer a packet says that it is; of TCP's 20 bytes, programs need 14 or 4."""
traffic_classes = st.builds(
    lambda dscp, ecn: dscp << 2 | ecn, st.sampled_from(DSCPS), st.sampled_from((0, 3))
)
uppers = st.builds(
    lambda source, destination, flags, size: (upper(source, destination, flags) + bytes(100))[:size],
    st.sampled_from(PORTS),
    st.sampled_from(PORTS),
    st.sampled_from(TCP_FLAGS),
    mostly(20, 8, 4, 3, 13, 14, 0, 120),
)
ipv4_packets = st.builds(
    ipv4,
    protocols,
    uppers,
    src=st.sampled_from(IPV4_ADDRESSES),
    dst=st.sampled_from(IPV4_ADDRESSES),
    options=mostly(b"", b"\1" * 4, b"\1" * 20, b"\1" * 40),
    fragment=mostly(0, 0x4000, 0x2000, 0x2001, 0x1FFF, 0x8000, 0x0001),
    tos=traffic_classes,
    ttl=st.sampled_from(TTLS),
    longer=longer,
)
fragments = mostly(0, 1, 6, 8, 0xFFF8)


@st.composite
def ipv6_packets(draw: st.DrawFn) -> bytes:
    protocol, payload = draw(protocols), draw(uppers)
    for kind in draw(st.one_of(st.just([]), st.lists(st.sampled_from(EXTENSIONS), max_size=8))):
        units, fragment = draw(mostly(0, 1, 2, 7)), draw(fragments) if kind == FRAGMENT else 0
        protocol, payload = kind, extension(kind, protocol, units, fragment) + payload
    return ipv6(
        protocol,
        payload,
        src=draw(st.sampled_from(IPV6_ADDRESSES)),
        dst=draw(st.sampled_from(IPV6_ADDRESSES)),
        tos=draw(traffic_classes),
        ttl=draw(st.sampled_from(TTLS)),
        longer=draw(longer),
    )


internet = st.one_of(
    st.tuples(st.just(IPV4), ipv4_packets),
    st.tuples(st.just(IPV6), ipv6_packets()),
)
anything = st.one_of(
    st.tuples(st.sampled_from(ETHERTYPES), st.one_of(uppers, ipv4_packets)),
    st.tuples(st.sampled_from((IPV4, IPV6)), st.builds(misread, ipv4_packets, st.sampled_from(FIRST_BYTES))),
)
tags = st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from((*VLANS, 0x6064))), max_size=6)


@st.composite
def whole_frames(draw: st.DrawFn) -> bytes:
    ethertype, payload = draw(st.one_of(internet, internet, internet, anything))
    some_tags = draw(st.one_of(st.just([]), tags))
    padding = draw(mostly(0, 6, 46, 1400))
    return ethernet(
        ethertype,
        payload + bytes(padding),
        some_tags,
        dst=draw(st.sampled_from(MACS)),
        src=draw(st.sampled_from(MACS)),
    )


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Whole ones, cut ones, and such in which bits were flipped, mostly among the first."""
    frame = draw(whole_frames())
    mutation = draw(mostly("none", "cut", "flip", "both"))
    if mutation in ("cut", "both"):
        frame = frame[: draw(st.integers(SHORTEST, len(frame)))]
    if mutation in ("flip", "both"):
        frame = draw(flipped(frame))
    return frame


@st.composite
def flipped(draw: st.DrawFn, frame: bytes) -> bytes:
    changed = bytearray(frame)
    for bit in draw(st.lists(st.integers(0, min(len(frame), 80) * 8 - 1), min_size=1, max_size=3)):
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
