"""Keys of counters: their values, their bytes in memory, and how `dump --json` shows them."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET6, inet_ntop

from .facts import Address, Facts

Value = int | bytes | Address | tuple["Value", ...] | None
"""Of one key; a flow is a tuple of five, None is what the packet doesn't have."""
Keys = str | list[str]
"""As a spec has them."""

FLOW = ("src_ip", "dst_ip", "src_port", "dst_port", "ip_proto")
NONE = {
    "ethertype": 0,
    "vlan": 4096,
    "ip_proto": 256,
    "src_port": 65536,
    "dst_port": 65536,
    "tcp_flags": 256,
    "dscp": 64,
    "ttl": 256,
}
"""What stands in memory for a number that the packet doesn't have."""

VERDICTS = ("aborted", "drop", "pass", "tx", "redirect")
TCP_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
IP_PROTOCOLS = {
    1: "icmp",
    2: "igmp",
    4: "ipip",
    6: "tcp",
    17: "udp",
    33: "dccp",
    41: "ipv6",
    46: "rsvp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    88: "eigrp",
    89: "ospf",
    103: "pim",
    112: "vrrp",
    115: "l2tp",
    132: "sctp",
    136: "udplite",
}
ETHERTYPES = {
    0x0800: "ipv4",
    0x0806: "arp",
    0x0842: "wol",
    0x8100: "vlan",
    0x86DD: "ipv6",
    0x8847: "mpls",
    0x8863: "pppoe_discovery",
    0x8864: "pppoe",
    0x888E: "eapol",
    0x88A8: "qinq",
    0x88CC: "lldp",
    0x88E5: "macsec",
    0x88F7: "ptp",
}
DSCPS = {
    **{8 * n: f"cs{n}" for n in range(8)},
    **{8 * n + 2 * drop: f"af{n}{drop}" for n in (1, 2, 3, 4) for drop in (1, 2, 3)},
    1: "le",
    44: "va",
    46: "ef",
}
NAMES = {"ip_proto": IP_PROTOCOLS, "ethertype": ETHERTYPES, "dscp": DSCPS}


@dataclass(frozen=True)
class Place:
    """Where a packet is processed."""

    cpu: int = 0
    rx_queue: int = 0
    ifindex: int = 1


def value(keys: Keys, packet: Facts, place: Place, verdict: int) -> Value:
    """What the packet has for this key, or combination of keys."""
    if isinstance(keys, list):
        return tuple(value(key, packet, place, verdict) for key in keys)
    if keys == "flow":
        return value(list(FLOW), packet, place, verdict)
    own = {"total": 0, "verdict": verdict, "length": packet.length.bit_length() - 1}
    return own[keys] if keys in own else fact(keys, packet, place)


def fact(key: str, packet: Facts, place: Place) -> int | bytes | Address | None:
    found: int | bytes | Address | None = getattr(place if hasattr(place, key) else packet, key)
    return found


def memory(keys: Keys, found: Value) -> bytes:
    """The key's bytes on a little-endian machine."""
    if isinstance(keys, list):
        assert isinstance(found, tuple)
        return b"".join(memory(key, part) for key, part in zip(keys, found, strict=True))
    match found:
        case None if keys.endswith("_ip"):
            return bytes(20)
        case None:
            return _u32(NONE[keys])
        case int():
            return _u32(found)
        case bytes():
            return found + bytes(2)
        case IPv4Address() | IPv6Address():
            return _u32(found.version) + found.packed.ljust(16, b"\0")
        case _:
            return _flow(*found)


def is_ipv6(found: Value) -> bool:
    """Whether an address, or that of a flow, is one: such flows are in a map of their own."""
    return isinstance(found[0] if isinstance(found, tuple) else found, IPv6Address)


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _flow(src: Value, dst: Value, src_port: Value, dst_port: Value, protocol: Value) -> bytes:
    size = 16 if is_ipv6(src) else 4
    ports = [port.to_bytes(2, "big") if isinstance(port, int) else bytes(2) for port in (src_port, dst_port)]
    return b"".join(
        (
            memory("src_ip", src)[4 : 4 + size],
            memory("dst_ip", dst)[4 : 4 + size],
            *ports,
            memory("ip_proto", protocol)[:2],
            memory("src_ip", src)[:1],
            bytes([src_port is not None]),
        )
    )


def shown(keys: Keys, found: Value) -> object:
    """The key in `dump --json`."""
    if isinstance(keys, list):
        assert isinstance(found, tuple)
        return {key: shown(key, part) for key, part in zip(keys, found, strict=True)}
    if keys == "flow":
        return shown(list(FLOW), found)
    match found:
        case None:
            return "none"
        case int():
            return _number(keys, found)
        case bytes():
            return found.hex(":")
        case IPv6Address():
            return inet_ntop(AF_INET6, found.packed)
        case _:
            return str(found)


def _number(key: str, number: int) -> str | int:
    match key:
        case "verdict":
            return f"XDP_{VERDICTS[number].upper()}"
        case "length":
            return f"{1 << number if number else 0}-{(2 << number) - 1}"
        case "tcp_flags":
            return "|".join(flag for bit, flag in enumerate(TCP_FLAGS) if number >> bit & 1) or "0"
        case "ethertype":
            return ETHERTYPES.get(number, f"0x{number:04x}")
        case _:
            return NAMES.get(key, {}).get(number, number)
