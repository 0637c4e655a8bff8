"""Whether a value, as `dump` shows it, is what a word says."""

import re
from collections.abc import Callable, Sequence
from operator import ge, gt, le, lt
from typing import NamedTuple

from xdpctl.core.btf.known_types import NONE
from xdpctl.core.values.cells import cell
from xdpctl.core.values.names import TCP_FLAGS
from xdpctl.core.values.numerals import short
from xdpctl.core.values.value import Value
from xdpctl.errors import Explained, QueryInvalid

Test = Callable[[Value], bool]
ORDERS: dict[str, Callable[[float | str, float | str], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}

_NUMBER = re.compile(r"(-?)(?:0x([0-9a-f]{1,16})|(0|[1-9][0-9]{0,30})(?:\.([0-9]{1,9}))?([kmg]?))", re.I)
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9:.]*)?)?)Z?", re.I)
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:e[+-]?[0-9]{1,3})?", re.I)
_NUMBERS = (int, float)
_LARGEST = 1 << 128
_THOUSANDS = {"": 0, "k": 3, "m": 6, "g": 9}
_OTHER_WORDS = {"true": 1, "false": 0}


class Word(NamedTuple):
    text: str
    quoted: bool = False
    """Then it is text, whatever it looks like."""


class WrongWord(Explained):
    """A word that a comparison can't have: why, and what would be right."""

    code = QueryInvalid.code


def number_of(word: Word) -> int | None:
    """A number in digits, as in 1023, 0x3ff, 1.5k, 2M."""
    found = None if word.quoted else _NUMBER.fullmatch(word.text)
    if not found:
        return None
    sign, digits, whole, fraction, unit = found.groups(default="")
    if digits:
        return int(sign + digits, 16)
    zeros = _THOUSANDS[unit.lower()] - len(fraction)
    return None if zeros < 0 else int(sign + whole + fraction) * 10**zeros


def amount_of(word: Word) -> int | float | None:
    """Also one that isn't whole, as in 0.25 or 1e-3."""
    whole = number_of(word)
    if whole is None and not word.quoted and _FRACTION.fullmatch(word.text):
        return float(word.text)
    return whole


def range_of(word: Word) -> tuple[int, int] | None:
    """Without its end it has none."""
    low, dash, high = word.text.partition("-")
    end = number_of(Word(high, word.quoted)) if high or word.quoted else _LARGEST
    ends = number_of(Word(low, word.quoted)), end
    if not dash or ends[0] is None or ends[1] is None:
        return None
    if ends[0] > ends[1]:
        raise WrongWord(f"a range goes from the smaller number to the larger: {high}-{low}")
    return ends[0], ends[1]


def equals(word: Word) -> Test:
    """The same number or name: in any case, and with or without XDP_."""
    if word.quoted:
        return lambda value: value == word.text
    low = word.text.lower()
    number = amount_of(word) if low not in _OTHER_WORDS else _OTHER_WORDS[low]
    short = low.removeprefix("xdp_")
    texts = {low, short, f"xdp_{short}", *_other_spellings(low)}
    nothing = low in (NONE, "null", "-")
    if nothing:
        texts.add(NONE)

    def test(value: Value) -> bool:
        if value.__class__ is str:
            return value.lower() in texts
        return nothing if value is None else value == number

    return test


def _other_spellings(text: str) -> list[str]:
    """How `dump` shows an address that can be written in several ways, and flags in its order."""
    flags = text.split("|")
    if set(flags) <= set(TCP_FLAGS):
        return ["|".join(flag for flag in TCP_FLAGS if flag in flags)]
    packed = _packed(text)
    if packed is None or len(packed) == 4:
        return []
    import socket

    return [socket.inet_ntop(socket.AF_INET6, packed)]


def _packed(text: str) -> bytes | None:
    import socket

    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return None


def is_in(words: Sequence[Word]) -> Test:
    """One of several, each a value, a range like 1-1023 or a prefix like 10.0.0.0/8."""
    tests = [_item(word) for word in words]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _item(word: Word) -> Test:
    if word.quoted:
        return equals(word)
    address, slash, bits = word.text.partition("/")
    packed = _packed(address) if slash else None
    if packed is not None:
        return _in_prefix(word, packed, bits)
    ends = range_of(word)
    if ends is None:
        return equals(word)
    (low, high), text = ends, word.text

    def test(value: Value) -> bool:
        if value.__class__ in _NUMBERS:
            return low <= value <= high
        return value == text  # log2_t is shown as a range itself

    return test


def _in_prefix(word: Word, packed: bytes, bits: str) -> Test:
    """Addresses, and longer prefixes, that begin so."""
    import ipaddress

    try:
        network = ipaddress.ip_network((packed, int(bits) if bits.isdecimal() else -1), strict=False)
    except ValueError:
        raise WrongWord(f"{word.text} is no prefix", "write it like 10.0.0.0/8 or 2001:db8::/32") from None
    if network.network_address.packed != packed:
        raise WrongWord(
            f"{word.text} has bits set behind the first {bits}", f"did you mean {str(network)!r}?"
        )
    length, behind = len(packed), 8 * len(packed) - network.prefixlen
    wanted = int.from_bytes(packed, "big") >> behind

    def test(value: Value) -> bool:
        if value.__class__ is not str:
            return False
        address, slash, longer = value.partition("/")
        found = _packed(address)
        if found is None or len(found) != length or int.from_bytes(found, "big") >> behind != wanted:
            return False
        return not slash or (longer.isdecimal() and len(longer) < 4 and int(longer) >= network.prefixlen)

    return test


def in_order(operator: str, word: Word) -> Test:
    """Before or after a number or a time; what is neither isn't."""
    compare, number = ORDERS[operator], amount_of(word)
    if number is not None:
        return lambda value: value.__class__ in _NUMBERS and compare(value, number)
    time = _TIME.fullmatch(word.text)
    if not time:
        raise WrongWord(
            f"{short(word.text)} is no number and no time: nothing else has an order",
            "compare addresses with a prefix, like in 10.0.0.0/8",
        )
    limit = time[1].upper()

    def test(value: Value) -> bool:
        found = _TIME.fullmatch(value) if isinstance(value, str) else None
        return found is not None and compare(found[1], limit)

    return test


def contains(word: Word) -> Test:
    """As a part of what is shown, in any case."""
    text = word.text.lower()
    return lambda value: value is not None and text in str(cell(value)).lower()
