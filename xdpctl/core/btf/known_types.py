"""What the name of a type tells of its values: addresses, ports, protocols, times."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from xdpctl.core.values.formats import (
    Reader,
    hexadecimal,
    ipv4,
    ipv6,
    mac,
    network_order,
    time_of_day,
    unsigned,
)
from xdpctl.core.values.keys import KINDS
from xdpctl.core.values.names import TCP_FLAGS, VERDICTS
from xdpctl.core.values.value import Value

Merger = Callable[[list[Any]], Value]
"""Makes one value of those of all CPUs."""

NONE = "none"
"""The key of packets that lack what is counted."""


def _verdict(data: bytes) -> Value:
    number = unsigned(data)
    return VERDICTS[number] if number < len(VERDICTS) else number


def _number(none: int | None, names: Mapping[str, int]) -> Reader:
    by_number = {number: name for name, number in names.items()}
    if none is not None:
        by_number[none] = NONE
    return lambda data: by_number.get(unsigned(data), unsigned(data))


def _ethertype(data: bytes) -> Value:
    known = _number(KINDS_BY_TYPE["ethertype_t"].none, KINDS_BY_TYPE["ethertype_t"].names)(data)
    return f"{known:#06x}" if isinstance(known, int) else known


def _tcp_flags(data: bytes) -> Value:
    number = unsigned(data)
    if number >> len(TCP_FLAGS):
        return NONE if number == KINDS_BY_TYPE["tcp_flags_t"].none else number
    return "|".join(name for bit, name in enumerate(TCP_FLAGS) if number >> bit & 1) or "0"


def _power_of_two(data: bytes) -> Value:
    power = unsigned(data)
    return f"{1 << power if power else 0}-{(2 << power) - 1}" if power < 64 else power


def _ip_addr(data: bytes) -> Value:
    return _address(unsigned(data[:4]), data[4:20])


def _address(version: int, data: bytes) -> Value:
    if version == 4:
        return ipv4(data[:4])
    return ipv6(data) if version == 6 else NONE if version == 0 else hexadecimal(data)


def _flow(size: int) -> Reader:
    """Of addresses of this size; then come the ports, the protocol, the version, whether there are ports."""

    def read(data: bytes) -> Value:
        src, dst, rest = data[:size], data[size : 2 * size], data[2 * size :]
        version, has_ports = rest[6], rest[7]
        return {
            "src_ip": _address(version, src),
            "dst_ip": _address(version, dst),
            "src_port": network_order(rest[:2]) if has_ports else NONE,
            "dst_port": network_order(rest[2:4]) if has_ports else NONE,
            "ip_proto": OF_TYPEDEFS["ip_proto_t"](rest[4:6]),
        }

    return read


def _ip_prefix(data: bytes) -> Value:
    bits, version = unsigned(data[:4]), unsigned(data[4:8])
    if bits < 32:
        return "any" if bits == 0 else f"{hexadecimal(data[4:])}/{bits}"
    address = _address(version, data[8:24])
    return f"{address}/{bits - 32}" if version else NONE


def time_since_boot(boot: int) -> Reader:
    """Nanoseconds since boot, as a time of day; `boot` is when that was, in nanoseconds since 1970."""

    def read(data: bytes) -> Value:
        since_boot = unsigned(data)
        return time_of_day(boot + since_boot) if since_boot else None

    return read


def _number_if_any(data: bytes) -> Value:
    return unsigned(data) or None


KINDS_BY_TYPE = {kind.c_type: kind for kind in KINDS.values()}
IN_NETWORK_ORDER: dict[str, Reader] = {"__be16": network_order, "__be32": ipv4, "__be64": network_order}
OF_TYPEDEFS: dict[str, Reader] = {
    **{name: _number(kind.none, kind.names) for name, kind in KINDS_BY_TYPE.items() if kind.none is not None},
    "xdp_action_t": _verdict,
    "ethertype_t": _ethertype,
    "tcp_flags_t": _tcp_flags,
    "log2_t": _power_of_two,
    "length_min_t": _number_if_any,
    "length_max_t": _number_if_any,
    **IN_NETWORK_ORDER,
}
WITH_NAMES = frozenset(OF_TYPEDEFS) - {"length_min_t", "length_max_t", "__be16", "__be64"}
"""Of which at least some values are shown by a name, or in another way that is no number."""
SIZES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(OF_TYPEDEFS, (4,)),
    "xdp_action_t": (1, 2, 4, 8),
    **dict.fromkeys(("time_first_t", "time_last_t", "length_min_t", "length_max_t"), (8,)),
    "__be16": (2,),
    "__be64": (8,),
}
"""What is called so but has another size means something else."""
OF_TIMES = ("time_first_t", "time_last_t")
_FLOW = ("src_ip", "dst_ip", "src_port", "dst_port", "kind")
OF_STRUCTS: dict[tuple[str, tuple[str, ...]], Reader] = {
    ("ip_addr", ("version", "addr")): _ip_addr,
    ("ip_prefix", ("prefixlen", "ip")): _ip_prefix,
    ("mac_addr", ("octets", "zero")): mac,
    ("mac", ("octets",)): mac,
    ("flow", _FLOW): _flow(4),
    ("flow6", _FLOW): _flow(16),
}
"""By name and members: another's `struct flow` is shown as it is."""
SIZES_OF_STRUCTS = {"ip_addr": 20, "ip_prefix": 24, "mac_addr": 8, "mac": 6, "flow": 16, "flow6": 40}


def _smallest(values: list[Any]) -> Value:
    least: Value = min((value for value in values if value), default=values[0])
    return least


def _largest(values: list[Any]) -> Value:
    most: Value = max((value for value in values if value), default=values[0])
    return most


MERGERS: dict[str, Merger] = {
    "time_first_t": _smallest,
    "time_last_t": _largest,
    "length_min_t": _smallest,
    "length_max_t": _largest,
}


def total(values: list[Any]) -> Value:
    """The sum over CPUs, member by member; None where something isn't a number and differs."""
    first, kinds = values[0], {type(value) for value in values}
    if kinds == {dict}:
        return {name: total([value[name] for value in values]) for name in first}
    if kinds == {list}:
        return [total(list(parts)) for parts in zip(*values, strict=True)]
    if kinds == {int} or kinds == {float}:
        number: Value = sum(values)
        return number
    same: Value = first
    return same if len(kinds) == 1 and values.count(first) == len(values) else None


def total_or_apart(values: list[Any]) -> Value:
    """Of numbers with a point: NaN and what is infinite are words, which can't be added up."""
    if {type(value) for value in values} == {float} and math.isfinite(together := sum(values)):
        number: Value = together
        return number
    return apart(0.0)(values)


def apart(nothing: Value) -> Merger:
    """For what has no sum: what CPUs have agree on; else the values of all of them, in their order."""

    def merge(values: list[Any]) -> Value:
        held = [value for value in values if value != nothing] or values
        one: Value = held[0]
        return one if held.count(one) == len(held) else [*values]

    return merge
