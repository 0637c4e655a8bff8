"""One packet made into many flows, which differ in where they come from."""

import struct
from collections.abc import Callable

from xdpctl.core.packets.headers import HeaderField, fields

MOST = 65535
"""As many as there are ports."""
_SUMS_ADDRESSES = (6, 17, 58)
"""Protocols whose checksum covers the addresses too: TCP, UDP, ICMPv6."""
_UDP = 17


def varied(frame: bytes) -> Callable[[int], bytes]:
    """The packet of each flow; the first is the packet itself.

    The source port counts up where there is one, else the source address, else that of Ethernet.
    """
    found: dict[str, HeaderField] = {}
    for field in fields(frame):
        found.setdefault(field.name, field)
    if "src_port" in found:
        return lambda flow: _with_port(frame, found, flow)
    if "src_ip" in found:
        return lambda flow: _with_address(frame, found, flow)
    return lambda flow: _counted_up(frame, 9, 3, flow)


def _with_port(frame: bytes, found: dict[str, HeaderField], flow: int) -> bytes:
    """Port 0, which no sender has, is left out."""
    port = found["src_port"]
    before = _number(frame, port.offset, port.size)
    after = 1 + (before - 1 + flow) % MOST if flow else before
    changed = _put(frame, port.offset, port.size, after)
    return _summed(changed, found, "checksum", before, after)


def _with_address(frame: bytes, found: dict[str, HeaderField], flow: int) -> bytes:
    """The last four bytes of it count up."""
    address = found["src_ip"]
    at = address.offset + address.size - 4
    changed = _counted_up(frame, at, 4, flow)
    before, after = _number(frame, at, 4), _number(changed, at, 4)
    changed = _summed(changed, found, "ip_checksum", before, after)
    protocol = _number(frame, found["ip_proto"].offset, 1)
    return _summed(changed, found, "checksum", before, after) if protocol in _SUMS_ADDRESSES else changed


def _counted_up(frame: bytes, at: int, size: int, by: int) -> bytes:
    return _put(frame, at, size, (_number(frame, at, size) + by) % (1 << 8 * size))


def _summed(frame: bytes, found: dict[str, HeaderField], name: str, before: int, after: int) -> bytes:
    """The checksum as it is with another number in the place of one, as of RFC 1624; UDP can do without."""
    field = found.get(name)
    if field is None or before == after:
        return frame
    udp = name == "checksum" and _number(frame, found["ip_proto"].offset, 1) == _UDP
    old = _number(frame, field.offset, 2)
    if udp and old == 0:
        return frame
    total = (~old & 0xFFFF) + (~before & 0xFFFF) + (~(before >> 16) & 0xFFFF) + (after & 0xFFFF)
    total += after >> 16
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    new = ~total & 0xFFFF
    return _put(frame, field.offset, 2, 0xFFFF if udp and new == 0 else new)


def _number(frame: bytes, at: int, size: int) -> int:
    return int.from_bytes(frame[at : at + size])


def _put(frame: bytes, at: int, size: int, number: int) -> bytes:
    return frame[:at] + struct.pack("!Q", number)[-size:] + frame[at + size :]
