"""The programs that `bench` measures: what `build` takes for each, or the C that comes with xdpctl."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

PACKET = bytes.fromhex(
    "020000000001 020000000002 0800"  # Ethernet: to, from, IPv4
    "45000032 00004000 4011b6b7 c0000201 c0000202"  # 192.0.2.1 to 192.0.2.2, UDP
    "30390009 001e0000"  # from port 12345 to 9
) + bytes(22)
"""What every run is given: 64 bytes that a parser finds something in."""

FIELDS = ("packets", "bytes")


class Variant(Struct, frozen=True):
    name: str
    options: Mapping[str, Any] = {}
    """Those of `xdpctl build`, where the program is generated."""
    shipped: str = ""
    """The file below templates/ that is compiled as it is."""
    counts: str = ""
    """The map of a program that isn't generated, if it holds one number, the packets."""


def _generated(map_type: str, key: str, fields: tuple[str, ...] = FIELDS, name: str = "") -> Variant:
    options = {"--type": map_type, "--key": key, "--field": list(fields)}
    return Variant(name or f"{map_type} {key}", options)


EMPTY = Variant("empty", shipped="bench/empty.bpf.c")
"""It only returns; all others are compared with it."""

RECOMMENDED = _generated("percpu_array", "verdict")

FAMILY = (
    RECOMMENDED,
    _generated("percpu_array", "ip_proto"),
    _generated("array", "verdict"),
    _generated("percpu_hash", "total"),
    _generated("percpu_hash", "flow"),
    _generated("hash", "total"),
    _generated("lru_percpu_hash", "total"),
    _generated("lru_hash", "total"),
)

RACE = (
    Variant("plain additions", shipped="bench/plain.bpf.c", counts="pkt_cnt"),
    _generated("array", "total", ("packets",), "atomic additions"),
    _generated("percpu_array", "total", ("packets",), "per-CPU additions"),
)
"""Three ways to count all packets in an array of one element: the first is never generated."""


def build_line(options: Mapping[str, Any], *words: str) -> tuple[str, ...]:
    """The `xdpctl build` that writes such a program."""
    given: list[str] = []
    for option, value in options.items():
        for word in value if isinstance(value, list) else [value]:
            given += [option, str(word)]
    return ("xdpctl", "build", *words, *given)
