"""Words to bytes where a type is an address, a prefix or a flow; and bytes in hexadecimal."""

import re
from collections.abc import Callable
from functools import partial

from xdpctl.core.btf.known_types import NONE
from xdpctl.core.encode.numbers import OF_NUMBERS, EncodeOptions, Meant, native, network_order, number
from xdpctl.core.encode.text import CannotEncode, Input, as_bytes, at, members, shown, unknown

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.I)
FLOW = ("src_ip", "dst_ip", "src_port", "dst_port", "ip_proto")


def _is_hex(said: Input) -> bool:
    return isinstance(said, str) and said.strip().lower().startswith("0x")


def address(said: Input, version: int) -> bytes:
    """An address of one version of IP."""
    found = _interface(said)
    if found is None or found[0] != version or found[2] is not None:
        example = "10.0.0.1" if version == 4 else "2001:db8::1"
        raise CannotEncode(f"can't be {shown(said)}", f"write an IPv{version} address, like {example}")
    return found[1]


def _interface(said: Input) -> tuple[int, bytes, int | None] | None:
    """The version of an address, its bytes, and the length of the prefix if one is given."""
    import ipaddress

    if not isinstance(said, str) or "%" in said:
        return None
    word, slash, bits = said.strip().partition("/")
    try:
        found = ipaddress.ip_address(word)
    except ValueError:
        return None
    if not slash:
        return found.version, found.packed, None
    short = re.fullmatch(r"0|[1-9][0-9]{0,2}", bits)
    return (found.version, found.packed, int(bits)) if short and int(bits) <= found.max_prefixlen else None


def prefix(said: Input, options: EncodeOptions) -> tuple[int, bytes, int]:
    """The version of IP, the address, and how many of its bits count: all, unless a length is given."""
    found = _interface(said)
    if found is None:
        example = "write an address or a prefix, like 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32"
        raise CannotEncode(f"can't be {shown(said)}", example)
    version, packed, given = found
    bits = 8 * len(packed) if given is None else given
    behind = 8 * len(packed) - bits
    network = (int.from_bytes(packed, "big") >> behind << behind).to_bytes(len(packed), "big")
    if network != packed and not options.lenient:
        import ipaddress

        right = f"{ipaddress.ip_address(network)}/{bits}"
        raise CannotEncode(
            f"can't be {shown(said)}: bits are set behind the first {bits}", f"did you mean {right!r}?"
        )
    return version, packed, bits


def _ipv4(said: Input, size: int, _options: EncodeOptions) -> bytes:
    return as_bytes(said, size) if _is_hex(said) else address(said, 4)


def number_or_address(said: Input, size: int, options: EncodeOptions) -> bytes:
    """What is in network order, and nothing says that it is an address."""
    return address(said, 4) if _interface(said) else network_order(said, size, options)


def ipv6(said: Input, size: int, _options: EncodeOptions) -> bytes:
    return as_bytes(said, size) if _is_hex(said) else address(said, 6)


def _ip_addr(said: Input, size: int, _options: EncodeOptions) -> bytes:
    if isinstance(said, str) and said.strip().lower() == NONE:
        return bytes(size)
    found = _interface(said)
    if found is None or found[2] is not None:
        raise CannotEncode(
            f"can't be {shown(said)}", "write an address, like 10.0.0.1 or 2001:db8::1, or none"
        )
    return (native(found[0], 4) + found[1]).ljust(size, b"\0")


def _ip_prefix(said: Input, size: int, options: EncodeOptions) -> bytes:
    word = said.strip().lower() if isinstance(said, str) else ""
    if word in ("any", NONE):
        return native(32 if word == NONE else 0, 4).ljust(size, b"\0")
    if _is_hex(said):  # so short that it ends within the version
        digits, _, bits = word.partition("/")
        return native(number(bits, 1, 31), 4) + as_bytes(digits, size - 4)
    version, packed, bits_ = prefix(said, options)
    return (native(32 + bits_, 4) + native(version, 4) + packed).ljust(size, b"\0")


def prefix_key(said: Input, size: int, options: EncodeOptions) -> bytes | None:
    """The length of a prefix, then the address, of so many bytes; None where no prefix is spoken of."""
    looks_so = isinstance(said, str) and re.fullmatch(r"[\w.:]+/\w+", said.strip())
    if not looks_so and _interface(said) is None:
        return None
    _, packed, bits = prefix(said, options)
    if len(packed) != size:
        right = "IPv4, like 10.0.0.0/8" if size == 4 else "IPv6, like 2001:db8::/32"
        raise CannotEncode(f"can't be {shown(said)}: it is a prefix of {right}")
    return native(bits, 4) + packed


def is_mac(said: Input) -> bool:
    return isinstance(said, str) and _MAC.fullmatch(said.strip()) is not None


def speaks_of_mac(said: Input) -> bool:
    """Also where it is none: neither bytes in hexadecimal nor a list are parted so."""
    return (
        isinstance(said, str)
        and re.fullmatch(r"\s*\w+([:-]\w*)+\s*", said) is not None
        and "hex:" not in said
    )


def mac(said: Input, size: int, _options: EncodeOptions) -> bytes:
    if not isinstance(said, str) or not is_mac(said):
        raise CannotEncode(f"can't be {shown(said)}", "write a MAC address, like 02:00:00:00:00:01")
    return bytes.fromhex(said.strip().replace(":", "")).ljust(size, b"\0")


def _flow(said: Input, size: int, options: EncodeOptions) -> bytes:
    given = members(said, FLOW)
    for name in given:
        if name not in FLOW:
            raise unknown(name, FLOW)
    if missing := [name for name in FLOW if name not in given]:
        raise CannotEncode(
            f"lacks {', '.join(missing)}", f"a flow is: {' '.join(f'{name}=…' for name in FLOW)}"
        )
    absent = {name for name in FLOW if str(given[name]).strip().lower() == NONE}
    for pair in (FLOW[:2], FLOW[2:4]):
        if len(absent.intersection(pair)) == 1:
            raise CannotEncode(
                f"can't have {pair[0]} without {pair[1]}, or the reverse", "both are none, or neither"
            )
    version, length = (6, 16) if size > 24 else (4, 4)
    writers: dict[str, Callable[[Input], bytes]] = {
        **dict.fromkeys(FLOW[:2], lambda said: address(said, version)),
        **dict.fromkeys(FLOW[2:4], lambda said: number(said, 0, 0xFFFF).to_bytes(2, "big")),
        "ip_proto": lambda said: OF_NUMBERS["ip_proto_t"](said, 2, options),
    }
    lengths = dict.fromkeys(FLOW[:2], length)
    written = [
        bytes(lengths.get(name, 2))
        if name in absent and name != "ip_proto"
        else at(f".{name}", partial(write, given[name]))
        for name, write in writers.items()
    ]
    return b"".join(written) + bytes([0 if "src_ip" in absent else version, "src_port" not in absent])


OF_TYPEDEFS: dict[str, Meant] = {**OF_NUMBERS, "__be32": _ipv4}
OF_STRUCTS: dict[str, Meant] = {
    "ip_addr": _ip_addr,
    "ip_prefix": _ip_prefix,
    "mac": mac,
    "mac_addr": mac,
    "flow": _flow,
    "flow6": _flow,
}
"""By the names that `meanings` knows with certain members."""
