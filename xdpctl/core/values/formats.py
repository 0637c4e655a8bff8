"""How bytes are shown: numbers, addresses, times."""

import sys
from collections.abc import Callable

from xdpctl.core.values.value import Value

Reader = Callable[[bytes], Value]


def unsigned(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder)


def hexadecimal(data: bytes) -> str:
    return "0x" + data.hex()


def ipv4(data: bytes) -> str:
    return ".".join(map(str, data))


def ipv6(data: bytes) -> str:
    import socket

    return socket.inet_ntop(socket.AF_INET6, data)


def network_order(data: bytes) -> int:
    return int.from_bytes(data, "big")


def mac(data: bytes) -> str:
    return data[:6].hex(":")


def time_of_day(nanoseconds: int) -> str:
    """Of a time since 1970."""
    from datetime import UTC, datetime

    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    when = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{when.isoformat()}.{rest // 1_000_000:03}Z"
