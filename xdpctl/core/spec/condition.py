"""What a rule asks of a packet: words like "1-1023" or "10.0.0.0/8", checked, as ranges and prefixes."""

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from xdpctl.core.values.keys import Key
from xdpctl.core.values.names import TCP_FLAGS
from xdpctl.core.values.numerals import short
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Explained, SpecInvalid


class WrongValue(Explained):
    """A value that its key can't have: why, and what would be right."""

    code = SpecInvalid.code


class Range(Struct, frozen=True, tag=True):
    """Numbers, both ends included."""

    low: int
    high: int


class Bits(Struct, frozen=True, tag=True):
    """A number of which some bits have certain values."""

    value: int
    mask: int


class Prefix(Struct, frozen=True, tag=True):
    """An address of which the first bits are these."""

    version: int
    """Of IP; 0 for a MAC address or for no address at all."""
    address: bytes
    bits: int


Test = Range | Bits | Prefix


class Condition(Struct, frozen=True):
    key: Key
    tests: tuple[Test, ...]
    """It is enough if one of them holds."""
    words: str
    """As the spec says it."""


UNMATCHED = (Key.TOTAL, Key.VERDICT, Key.FLOW)
"""What can't be asked for: all packets have a total, the verdict comes later, a flow has parts of its own."""
MATCHED = tuple(key for key in Key if key not in UNMATCHED)
LARGEST = (1 << 32) - 1
MAC_BITS = 48
ALL_FLAGS = (1 << len(TCP_FLAGS)) - 1


def condition(key: Key, raw: Any) -> Condition:
    """The checked condition; a list holds if one of its values does."""
    values = raw if isinstance(raw, list) else [raw]
    if not values:
        raise WrongValue(f"{key} is compared with an empty list, which nothing matches")
    tests = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise WrongValue(f"{key} is compared with a number or a string, or a list of them")
        tests.append(_reader(key)(key, str(value).strip().lower()))
    return Condition(key, tuple(tests), " or ".join(str(value).strip() for value in values))


def number(key: Key, word: str, said: str = "") -> int:
    """A number by its digits or its name; what was said may be more than this number."""
    kind, none = key.kind, key.kind.none
    if word == "none" and none is not None:
        return none
    if word in kind.names:
        return kind.names[word]
    lowest, highest = _bounds(key)
    if re.fullmatch(r"0x[0-9a-f]{1,8}|[0-9]{1,10}", word):
        value = int(word, 16 if word.startswith("0x") else 10)
        if lowest <= value <= highest:
            return value
    what = f"a number from {lowest} to {highest}{', or none' if none is not None else ''}"
    hints = did_you_mean(word, [*kind.names]) if kind.names and not word[:1].isdigit() else ()
    shown = said or (word if word.isdecimal() else repr(word))
    raise WrongValue(f"{key} can't be {shown}: it is {what}", *hints)


def _bounds(key: Key) -> tuple[int, int]:
    if key is Key.ETHERTYPE:
        return 0x600, 0xFFFF  # below are lengths of frames
    if key is Key.LENGTH or key.kind.values is None:
        return 0, LARGEST
    return 0, key.kind.values - (1 if key.kind.none is None else 2)


def _range(key: Key, word: str) -> Test:
    low, dash, high = word.partition("-")
    if not dash or not low.strip() or word in key.kind.names:
        value = number(key, word)
        return Range(value, value)
    _, highest = _bounds(key)
    lowest = number(key, low.strip(), repr(word))
    found = Range(lowest, number(key, high.strip(), repr(word)) if high.strip() else highest)
    if found.low > found.high or "none" in word:
        raise WrongValue(f"{key} can't be {short(word)}: a range goes from the smaller number to the larger")
    return found


def _ip(key: Key, word: str) -> Test:
    import ipaddress

    if word == "none":
        return Prefix(0, b"", 0)
    try:
        found = ipaddress.ip_interface(word)
    except ValueError:
        example = "write an address or a prefix, like 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32"
        raise WrongValue(f"{key} can't be {short(word)}", example) from None
    if "%" in word:
        raise WrongValue(
            f"{key} can't be {short(word)}: a packet has no zone", f"did you mean {word.split('%')[0]!r}?"
        )
    if "/" in word and found.ip != found.network.network_address:
        raise WrongValue(f"{key} can't be {short(word)}", f"did you mean {str(found.network)!r}?")
    return Prefix(found.version, found.network.network_address.packed, found.network.prefixlen)


def _mac(key: Key, word: str) -> Test:
    if word == "none":
        raise WrongValue(f"{key} can't be none: every frame has one")
    found = re.fullmatch(r"((?:[0-9a-f]{2}:){5}[0-9a-f]{2})(?:/([0-9]{1,2}))?", word)
    bits = int(found[2] or MAC_BITS) if found else MAC_BITS
    if not found or not 1 <= bits <= MAC_BITS:
        example = "write an address or a prefix, like 02:00:00:00:00:01 or 02:00:00:00:00:00/24"
        raise WrongValue(f"{key} can't be {short(word)}", example)
    address = bytes.fromhex(found[1].replace(":", ""))
    if int.from_bytes(address, "big") & (1 << MAC_BITS - bits) - 1:
        raise WrongValue(f"{key} can't be {short(word)}: bits are set behind the first {bits}")
    return Prefix(0, address, bits)


def _flags(key: Key, word: str) -> Test:
    none = Key.TCP_FLAGS.kind.none
    if word == "none" and none is not None:
        return Range(none, none)
    wanted, slash, among = word.partition("/")
    value = _bits_of(key, wanted)
    mask = _bits_of(key, among) if slash else ALL_FLAGS
    if value & ~mask:
        raise WrongValue(f"{key} can't be {short(word)}: flags before the slash are among those behind it")
    return Bits(value, mask)


def _bits_of(key: Key, word: str) -> int:
    if word.strip() == "0":
        return 0
    flags = [flag.strip() for flag in re.split(r"[|,]", word)]
    for flag in flags:
        if flag not in TCP_FLAGS:
            raise WrongValue(f"{key}: there is no flag {short(flag)}", *did_you_mean(flag, TCP_FLAGS))
    return sum(1 << TCP_FLAGS.index(flag) for flag in set(flags))


def _reader(key: Key) -> Callable[[Key, str], Test]:
    return {
        Key.SRC_IP: _ip,
        Key.DST_IP: _ip,
        Key.SRC_MAC: _mac,
        Key.DST_MAC: _mac,
        Key.TCP_FLAGS: _flags,
    }.get(key, _range)
