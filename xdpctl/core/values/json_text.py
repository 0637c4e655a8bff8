"""JSON that is printed, and JSON that people write.

Where they have a name twice, it can't be known which is meant.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec

from xdpctl.core.values.numerals import short
from xdpctl.core.values.value import Value
from xdpctl.core.values.visible import is_plain

SCHEMA = 1
"""The version of the JSON that xdpctl prints and saves; only what would break its readers changes it."""
_HALF = re.compile("[\ud800-\udfff]")
_ODD = re.compile(r"[^ -~]")
_ENCODER = msgspec.json.Encoder()


def to_json(what: object) -> str:
    """In one line, without a character that would act on a terminal: JSON can tell each by its number."""
    try:
        data = msgspec.json.encode(what)
    except UnicodeEncodeError:  # bytes of a file's name that are no text
        import json

        text = json.dumps(msgspec.to_builtins(what), ensure_ascii=False, separators=(",", ":"))
        return _ODD.sub(_numbered, text)
    return data.decode() if is_plain(data) else _ODD.sub(_numbered, data.decode())


def to_json_lines(all_of_it: Sequence[object]) -> str:
    """Each in a line of its own."""
    with contextlib.suppress(UnicodeEncodeError):
        if is_plain(data := _ENCODER.encode_lines(all_of_it)):
            return data.decode()
    return "".join(f"{to_json(what)}\n" for what in all_of_it)


def listed(elements: Iterable[str]) -> Iterator[str]:
    """What stands between the brackets of a list, as it comes."""
    comma = ""
    for element in elements:
        yield comma + element
        comma = ","


def _numbered(found: re.Match[str]) -> str:
    if found[0].isprintable():
        return found[0]
    units = found[0].encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def from_json(text: str) -> Value:
    """What it says; a ValueError tells what is wrong."""
    try:
        found: Value = msgspec.json.decode(text)
        _names_once()(text)
    except RecursionError:
        raise ValueError("it goes too deep") from None
    except msgspec.DecodeError as error:
        if half := half_character(text):
            raise ValueError(half) from None
        reason = str(error).partition(" - at ")[0]
        raise ValueError(reason if reason.startswith("JSON") else reason[:1].lower() + reason[1:]) from None
    return found


def half_character(text: str) -> str:
    """What is wrong with JSON where that is the only thing; of it msgspec says that its end is missing."""
    import json

    with contextlib.suppress(ValueError, RecursionError):
        found = _HALF.search(json.dumps(json.loads(text), ensure_ascii=False))
        return f"{_numbered(found)} is half a character, the other half is missing" if found else ""
    return ""


@cache
def _names_once() -> Callable[[str], object]:
    """A reader that looks at nothing else: msgspec can't see what is there twice."""
    import json

    return json.JSONDecoder(object_pairs_hook=_each_once).decode


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ValueError(f"{short(twice)} is there twice")
