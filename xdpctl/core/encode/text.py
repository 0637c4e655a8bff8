"""Text of a struct or an array, cut into its parts: `a=1 b=[2, 3]`, or `{'a': 1}` as in a cell of CSV."""

import contextlib
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from xdpctl.core.values.cells import cell
from xdpctl.core.values.json_text import from_json
from xdpctl.core.values.numerals import short
from xdpctl.core.values.value import Value
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import BadRequest, Explained, NoSuchMember, ValueInvalid

Input = Value
"""A value in words, or as JSON has it; parts of text are cut out when it is known what they are."""
Named = tuple[str, str]
"""A part of a text: the name before `=`, or nothing, and what follows."""

T = TypeVar("T")
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_PATH = r"(?:[A-Za-z_.][\w.]*|\[-?\w*\][\w.]*)(?:\[-?\w*\][\w.]*)*"
"""A member, or an element of an array, and what is in it: `in[1].b`."""
_NAME = re.compile(rf"({_QUOTED})\s*[:=]\s*|({_PATH})(?:\s*=\s*|\s*:\s+)")
_BETWEEN = re.compile(r"[\s,]*")
_PIECE = re.compile(rf"{_QUOTED}|[^\s,\[\]{{}}'\"]+|(?P<opens>[\[{{])|(?P<closes>[\]}}])|(?P<end>[\s,])|.")
_SHOWN = 60


class CannotEncode(Explained):
    """Words that a type can't have: which part of it, why, and what would be right."""

    code = ValueInvalid.code
    becomes: type[BadRequest] = ValueInvalid
    path = ""


class NoMember(CannotEncode):
    code = NoSuchMember.code
    becomes = NoSuchMember


def at(path: str, write: Callable[[], bytes]) -> bytes:
    """The bytes of a part; what is wrong with it, is wrong there."""
    try:
        return write()
    except CannotEncode as unfit:
        unfit.path = path + unfit.path
        raise


def shown(said: object) -> str:
    """As a message quotes it; of words, as they were written."""
    if isinstance(said, list) and said and all(isinstance(word, str) for word in said):
        said = " ".join(said)
    text = "null" if said is None else repr(said) if isinstance(said, str) else str(cell(said))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def characters(said: str, size: int) -> bytes:
    """Text, with zeros behind where there is room."""
    try:
        data = said.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise CannotEncode(f"can't be {shown(said)}: that is no text") from None
    if len(data) > size:
        raise CannotEncode(f"can't be {shown(said)}: it has room for {size} bytes, this has {len(data)}")
    if "\ufffd" in said or "\0" in said:
        raise CannotEncode(
            f"can't be {shown(said)}: it stands for bytes that are no text", "dump --raw shows them"
        )
    return data.ljust(size, b"\0")


def parts(text: str) -> list[Named]:
    """What blanks and commas separate, outside quotes and brackets."""
    found = []
    place = _skip(text, 0)
    while place < len(text):
        named = _NAME.match(text, place)
        start = named.end() if named else place
        end = _end(text, start)
        name = (_unquoted(named[1]) if named[1] else named[2]) if named else ""
        found.append((name, _unquoted(text[start:end])))
        place = _skip(text, end)
    return found


def inside(text: str, opens: str, closes: str) -> str:
    """Without the brackets around it, if there are any."""
    stripped = text.strip()
    around = stripped.startswith(opens) and stripped.endswith(closes) and len(stripped) > 1
    return stripped[1:-1] if around else stripped


def array_items(said: Input) -> Sequence[Input]:
    """What an array is made of."""
    if not isinstance(said, str):
        return said if isinstance(said, list) else [said]
    as_json = _of_json(said, list)
    if as_json is not None:
        return as_json
    found = parts(inside(said, "[", "]"))
    if any(name for name, _ in found):
        raise CannotEncode(f"can't be {shown(said)}: it is a list", "write its elements like [1,2,3]")
    return [value for _, value in found]


def split_head(name: str) -> tuple[str, str]:
    """A member, and what in it is meant: `a.b` is `b` in `a`, `a[1]` is `[1]` in it."""
    found = re.match(r"(.[^.\[]*)\.?(.*)", name)
    return (found[1], found[2]) if found else (name, "")


def members(said: Input, names: Sequence[str]) -> dict[str, Input]:
    """What is said of each member: by its name, or of all in their order."""
    if isinstance(said, str):
        as_json = _of_json(said, dict)
        said = said if as_json is None else as_json
    if isinstance(said, dict):
        return said
    if isinstance(said, str):
        bare = inside(inside(said, "{", "}"), "[", "]")
        said = [said] if _names_one(said, names) else [pair if pair[0] else pair[1] for pair in parts(bare)]
    elif not isinstance(said, list):
        said = [said]
    if any(_is_named(word) for word in said):
        return by_name(said, names)
    if len(said) != len(names):
        found = f"{len(said)} is" if len(said) == 1 else f"{len(said)} are"
        raise CannotEncode(
            f"has {len(names)} members, {found} given",
            f"its members: {', '.join(names)}",
            "write all of them with commas between, or each as NAME=VALUE",
        )
    return dict(zip(names, said, strict=True))


def _of_json(text: str, kind: type[T]) -> T | None:
    """What a text says as JSON, where only JSON knows its backslashes."""
    if "\\" in text:
        with contextlib.suppress(ValueError):
            found = from_json(text)
            return found if isinstance(found, kind) else None
    return None


def _is_named(word: object) -> bool:
    if isinstance(word, tuple):
        return True
    return isinstance(word, str) and re.match(rf"{_PATH}=", word) is not None


def _names_one(text: str, names: Collection[str]) -> bool:
    """Whether it begins with a member's name and no other name follows: the rest may hold blanks."""
    head, equals, rest = text.partition("=")
    known = "|".join(map(re.escape, names))
    return (
        bool(equals)
        and _owner(head, names)
        and not re.search(rf"[\s,](?:{known})(?:[.\[][\w.\[\]]*)?=", rest)
    )


def _owner(name: str, names: Collection[str]) -> bool:
    return name in names or split_head(name)[0] in names


def by_name(words: Sequence[Any], names: Sequence[str]) -> dict[str, Input]:
    found: dict[str, Input] = {}
    for word in words:
        if isinstance(word, str) and not _names_one(word, names):
            pairs = parts(word)
        else:
            pairs = [word if isinstance(word, tuple) else _cut(word)]
        for name, value in pairs:
            if not name:
                raise CannotEncode(
                    f"can't be {shown(word)}: some members are named, this one isn't",
                    'write NAME=VALUE for each, with quotes around blanks: NAME="two words"',
                )
            if name in found:
                raise CannotEncode(f"has {short(name)} twice")
            found[name] = value
    return found


def _cut(word: object) -> Named:
    name, _, value = str(word).partition("=") if isinstance(word, str) else ("", "", str(word))
    return name, _unquoted(value)


def unknown(name: str, names: Collection[str]) -> NoMember:
    return NoMember(f"has no member {short(name)}", *did_you_mean(name, names))


def _skip(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place


def _end(text: str, place: int) -> int:
    """Where a part ends that begins here."""
    depth, start = 0, place
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None or piece[0] in ("'", '"'):
            raise CannotEncode(f"can't be {shown(text)}: a quote isn't closed")
        depth += bool(piece["opens"]) - bool(piece["closes"])
        if depth < 0 or (piece["end"] and not depth):
            break
        place = piece.end()
    if depth:
        raise CannotEncode(
            f"can't be {shown(text)}: brackets don't match", f"from {text[start : start + 20]!r} on"
        )
    return place


def _unquoted(text: str) -> str:
    if not re.fullmatch(_QUOTED, text):
        return text
    if re.search(r"\\[^\\'\"]", text):
        raise CannotEncode(f"can't be {shown(text)}: of backslashes only \\\\, \\' and \\\" are known")
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def as_bytes(said: Input, size: int) -> bytes:
    """Bytes in hexadecimal, as many as there are to be."""
    text = said.strip() if isinstance(said, str) else ""
    digits = re.sub(r"^(?:0x|hex:)|[\s:]", "", text)
    if not text.startswith(("0x", "hex:")) or not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", digits):
        example = "0x" + bytes(range(1, size + 1) if size < 9 else size).hex()
        raise CannotEncode(
            f"can't be {shown(said)}", f"write its {_bytes(size)} in hexadecimal: {example[:40]}"
        )
    if len(digits) != 2 * size:
        raise CannotEncode(f"can't be {shown(said)}: it has {_bytes(size)}, this is {len(digits) // 2}")
    return bytes.fromhex(digits)


def _bytes(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"
