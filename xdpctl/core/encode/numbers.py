"""Words to bytes where a type is a number: by digits, or by the name that a number has in packets.

What people write is checked against what packets can have. A lenient reading takes whatever a map can
hold, so that all that `dump` prints can be looked up, deleted and restored.
"""

import math
import re
import struct
import sys
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from xdpctl.core.btf.known_types import KINDS_BY_TYPE, NONE
from xdpctl.core.btf.readers import FORMS
from xdpctl.core.encode.text import CannotEncode, Input, as_bytes, shown
from xdpctl.core.values.device_names import DeviceNames
from xdpctl.core.values.keys import Kind
from xdpctl.core.values.names import TCP_FLAGS, VERDICTS
from xdpctl.core.values.numerals import short
from xdpctl.core.wording import did_you_mean


class EncodeOptions(Struct, frozen=True):
    boot: int = 0
    """When the machine was started, in nanoseconds since 1970."""
    lenient: bool = False
    devices: DeviceNames | None = None
    """Those that numbers of devices are held against, and that can be told by their names."""


Meant = Callable[[Input, int, EncodeOptions], bytes]
"""To so many bytes."""

_DIGITS = re.compile(r"(-?)(0x[0-9a-f]{1,40}|[0-9]{1,40})", re.I)
_PLUS = re.compile(r"\s*\+=?\s*((?:[.0-9]|inf|nan).*)", re.I)
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")
_NOTHING = ("", "-", "null", NONE)
"""How a value is written that `dump` shows as null."""
_TRUTH = {"true": 1, "yes": 1, "1": 1, "false": 0, "no": 0, "0": 0}
_SECOND, _MILLISECOND = 1_000_000_000, 1_000_000


def number(said: Input, low: int, high: int) -> int:
    """A number in a range, by its digits."""
    value = _digits(said) if isinstance(said, str) else said
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise CannotEncode(f"can't be {shown(said)}: it is a number from {low} to {high}")
    return value


def refuse_plus(said: Input) -> None:
    """It looks as if it were added to what is there."""
    if isinstance(said, str) and (found := _PLUS.match(said)):
        right = f"did you mean {found[1].rstrip()!r}?"
        raise CannotEncode(
            f"can't be {shown(said)}: numbers have no plus sign", f"set overwrites, it doesn't add: {right}"
        )


def _digits(word: str) -> int | None:
    refuse_plus(word)
    found = _DIGITS.fullmatch(word.strip())
    if not found:
        return None
    hexadecimal = found[2][:2] in ("0x", "0X")
    if not hexadecimal and len(found[2]) > 1 and found[2][0] == "0":
        decimal = f"{found[1]}{found[2].lstrip('0') or '0'}"
        raise CannotEncode(
            f"can't be {short(word)}: C would read it as octal", f"did you mean {short(decimal)}?"
        )
    return int(found[1] + found[2], 16 if hexadecimal else 10)


def truth(said: Input) -> int:
    refuse_plus(said)
    value = _TRUTH.get(str(said).strip().lower())
    if value is None:
        raise CannotEncode(f"can't be {shown(said)}: it is true or false")
    return value


def spellings(names: Mapping[str, int]) -> dict[str, int]:
    """Names in small letters, without XDP_."""
    return {_short(name): value for name, value in names.items()}


def _short(word: str) -> str:
    return word.strip().lower().removeprefix("xdp_")


def named(said: Input, names: Mapping[str, int], short: Mapping[str, int], low: int, high: int) -> int:
    """A number by its digits or by its name, in any case and with or without XDP_."""
    if isinstance(said, str):
        if said in names:
            return names[said]
        if _short(said) in short:
            return short[_short(said)]
        if _digits(said) is None:
            named_too = f" or {next(iter(names))}" if len(names) == 1 else ", or one of its names"
            usual = [_short(name) if name.startswith("XDP_") else name for name in names]
            hints = did_you_mean(said, usual) if len(names) > 1 else ()
            raise CannotEncode(
                f"can't be {shown(said)}: it is a number from {low} to {high}{named_too}", *hints
            )
    return number(said, low, high)


def number_for(said: Input, names: Collection[str], low: int, high: int) -> int:
    """A number that has a name, of which it isn't known which."""
    if isinstance(said, str) and said in names:
        raise CannotEncode(
            f"can't be {shown(said)}: clang before 15 doesn't write down which 64-bit number that is",
            "write the number itself",
        )
    return number(said, low, high)


def native(value: int, size: int) -> bytes:
    return value.to_bytes(size, sys.byteorder, signed=value < 0)


def network_order(said: Input, size: int, _options: EncodeOptions) -> bytes:
    return number(said, 0, (1 << 8 * size) - 1).to_bytes(size, "big")


def _time(said: Input, size: int, options: EncodeOptions) -> bytes:
    """A time of day; digits are nanoseconds since the machine was started."""
    if _is_nothing(said):
        return bytes(size)
    word = said.strip() if isinstance(said, str) else said
    found = _TIME.fullmatch(word) if isinstance(word, str) else None
    if not found:
        if isinstance(word, str) and _digits(word) is None:
            raise CannotEncode(
                f"can't be {shown(said)}", "write a time like 2026-11-20T08:53:20.123Z, or none"
            )
        return native(number(word, 0, (1 << 8 * size) - 1), size)
    since_boot = _since_1970(found[1]) + int((found[2] or "0").ljust(9, "0")) - options.boot
    if since_boot >> 8 * size > 0:
        raise CannotEncode(f"can't be {shown(said)}: the kernel's clock doesn't go so far")
    if since_boot <= -_MILLISECOND:
        raise CannotEncode(
            f"can't be {shown(said)}: that was before this machine was started",
            "the kernel counts time from then on: write none",
        )
    return native(max(since_boot, 1), size)  # dump leaves out what is less than a millisecond


def _since_1970(text: str) -> int:
    from datetime import UTC, datetime

    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * _SECOND
    except ValueError:
        raise CannotEncode(f"can't be {shown(text)}: there is no such time") from None


def _device(said: Input, size: int, options: EncodeOptions) -> bytes:
    """By its name, or by its number, which is 0 where there is to be none."""
    known = options.devices
    if known and isinstance(said, str) and _digits(said.strip()) is None:
        name = said.strip()
        if name not in known.numbers:
            hints = did_you_mean(name, known.numbers) or ("ip link shows names and numbers",)
            raise CannotEncode(f"can't be {shown(said)}: there is no such device{known.label}", *hints)
        return native(known.numbers[name], size)
    index = number(said, 0, (1 << 8 * size) - 1)
    if known and index and index not in known.numbers.values():
        none = f"no device{known.label} has this number"
        raise CannotEncode(f"can't be {index}: {none}", "ip link shows names and numbers")
    return native(index, size)


def _is_nothing(said: Input) -> bool:
    return said is None or (isinstance(said, str) and said.strip().lower() in _NOTHING)


def _number_if_any(said: Input, size: int, _options: EncodeOptions) -> bytes:
    if _is_nothing(said):
        return bytes(size)
    return native(number(said, 0, (1 << 8 * size) - 1), size)


def _of_kind(kind: Kind, names: Mapping[str, int]) -> Meant:
    known = {**names, **({} if kind.none is None else {NONE: kind.none})}
    short = spellings(known)
    in_packets = (kind.values or 0) - (2 if kind.none == (kind.values or 0) - 1 else 1)

    def write(said: Input, size: int, options: EncodeOptions) -> bytes:
        highest = (1 << 8 * size) - 1
        if not options.lenient and kind.values is not None:
            highest = min(highest, in_packets)
        return native(named(said, known, short, 0, highest), size)

    return write


def _tcp_flags(said: Input, size: int, options: EncodeOptions) -> bytes:
    flags = [flag.strip().lower() for flag in re.split(r"[|,]", said)] if isinstance(said, str) else []
    if not flags or flags == [NONE] or _digits(flags[0]) is not None:
        return _of_kind(KINDS_BY_TYPE["tcp_flags_t"], {})(said, size, options)
    for flag in flags:
        if flag not in TCP_FLAGS:
            raise CannotEncode(
                f"can't be {shown(said)}: there is no flag {short(flag)}", *did_you_mean(flag, TCP_FLAGS)
            )
    return native(sum(1 << TCP_FLAGS.index(flag) for flag in set(flags)), size)


def _power_of_two(said: Input, size: int, options: EncodeOptions) -> bytes:
    """`64-127` is 6; numbers are powers where they come from JSON, or can't be lengths."""
    if not isinstance(said, str):
        return _of_kind(KINDS_BY_TYPE["log2_t"], {})(said, size, options)
    refuse_plus(said)
    found = re.fullmatch(r"([0-9]{1,20})(?:-([0-9]{1,20}))?", said.strip())
    if not found:
        raise CannotEncode(f"can't be {shown(said)}", "write a range of lengths, like 64-127")
    power = max(int(found[1]).bit_length() - 1, 0)
    right = f"{1 << power if power else 0}-{(2 << power) - 1}"
    if said.strip() == right and power < 64:
        return native(power, size)
    if options.lenient and not found[2]:
        return native(number(said, 0, (1 << 8 * size) - 1), size)
    raise CannotEncode(
        f"can't be {shown(said)}: lengths are counted by powers of two", f"did you mean {short(right)}?"
    )


OF_NUMBERS: dict[str, Meant] = {
    **{name: _of_kind(kind, kind.names) for name, kind in KINDS_BY_TYPE.items() if kind.none is not None},
    "xdp_action_t": _of_kind(KINDS_BY_TYPE["xdp_action_t"], {name: n for n, name in enumerate(VERDICTS)}),
    "ifindex_t": _device,
    "tcp_flags_t": _tcp_flags,
    "log2_t": _power_of_two,
    "length_min_t": _number_if_any,
    "length_max_t": _number_if_any,
    "time_first_t": _time,
    "time_last_t": _time,
    "__be16": network_order,
    "__be64": network_order,
}


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,40})(?P<point>\.[0-9]{1,60})?(?P<power>e[+-]?[0-9]{1,3})?", re.I)
_NOT_FINITE = ("inf", "-inf", "nan", "-nan")


def floating(said: Input, size: int) -> bytes:
    refuse_plus(said)
    word = said.strip().lower() if isinstance(said, str) else said
    if size not in FORMS or (isinstance(word, str) and word.startswith(("0x", "hex:"))):
        return as_bytes(said, size)
    if isinstance(word, str) and word in _NOT_FINITE:
        return struct.pack(FORMS[size], float(word))
    number = _number(word) if isinstance(word, str) else word
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise CannotEncode(f"can't be {shown(said)}: it is a number, like 0.5 or 1e-3")
    return _nearest(said, number, FORMS[size])


def _number(word: str) -> int | float | None:
    found = _NUMBER.fullmatch(word)
    if found is None:
        return None
    return float(word) if found["point"] or found["power"] else int(word)


def _nearest(said: Input, number: int | float, form: str) -> bytes:
    try:
        data = struct.pack(form, float(number))
        [held] = struct.unpack(form, data)
    except OverflowError:
        held = math.inf
    if not math.isfinite(held):
        raise CannotEncode(f"can't be {shown(said)}: that is more than {8 * struct.calcsize(form)} bits hold")
    if isinstance(number, int) and held != number:
        raise CannotEncode(f"can't be {shown(said)}: the nearest that it holds is {held:.0f}")
    return data
