"""Words to bytes where a type is a number with a point: to the nearest that it can hold."""

import math
import re
import struct

from xdpctl.core.btf.readers import FORMS
from xdpctl.core.encode_addresses import as_bytes
from xdpctl.core.encode_numbers import refuse_plus
from xdpctl.core.encode_text import Said, Unfit, shown

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,40})(?P<point>\.[0-9]{1,60})?(?P<power>e[+-]?[0-9]{1,3})?", re.I)
_NOT_FINITE = ("inf", "-inf", "nan", "-nan")


def floating(said: Said, size: int) -> bytes:
    refuse_plus(said)
    word = said.strip().lower() if isinstance(said, str) else said
    if size not in FORMS or (isinstance(word, str) and word.startswith(("0x", "hex:"))):
        return as_bytes(said, size)
    if isinstance(word, str) and word in _NOT_FINITE:
        return struct.pack(FORMS[size], float(word))
    number = _number(word) if isinstance(word, str) else word
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise Unfit(f"can't be {shown(said)}: it is a number, like 0.5 or 1e-3")
    return _nearest(said, number, FORMS[size])


def _number(word: str) -> int | float | None:
    found = _NUMBER.fullmatch(word)
    if found is None:
        return None
    return float(word) if found["point"] or found["power"] else int(word)


def _nearest(said: Said, number: int | float, form: str) -> bytes:
    try:
        data = struct.pack(form, float(number))
        [held] = struct.unpack(form, data)
    except OverflowError:
        held = math.inf
    if not math.isfinite(held):
        raise Unfit(f"can't be {shown(said)}: that is more than {8 * struct.calcsize(form)} bits hold")
    if isinstance(number, int) and held != number:
        raise Unfit(f"can't be {shown(said)}: the nearest that it holds is {held:.0f}")
    return data
