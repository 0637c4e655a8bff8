"""Words that speak of elements: which of them are the key, what they mean, and the words of a key."""

import contextlib
from collections.abc import Iterable, Sequence

from xdpctl.core.encode.members import Writer
from xdpctl.core.encode.text import Input, split_head
from xdpctl.core.values.json_text import from_json, to_json
from xdpctl.core.values.value import Value, flat
from xdpctl.errors import BadRequest

Words = tuple[str, ...]


def split(words: Words, key_columns: Iterable[str]) -> tuple[Input, Input]:
    """Key and value, which is None where words for it are missing.

    The key is one word, or all of those that name its members: `src_ip=10.0.0.1 dst_port=80`.
    """
    members = {split_head(column)[0] for column in key_columns}
    count = 0
    seen: set[str] = set()
    for word in words:
        name, named, _ = word.partition("=")
        if not named or name in seen or not {name, split_head(name)[0]} & members:
            break
        seen.add(name)
        count += 1
    count = max(1, count)
    key, value = words[:count], words[count:]
    return parse_input(key), parse_input(value) if value else None


def parse_input(words: Sequence[str]) -> Input:
    """One key or one value: what a word says as JSON, or as it is; several are members or elements."""
    if words and words[0].startswith("hex:"):
        return " ".join(words)
    if len(words) != 1:
        return list(words)
    [word] = words
    if word.lstrip().startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            return from_json(word)
    return word


def format_input(value: Value) -> str:
    """A key or a value in words that can be taken back."""
    if isinstance(value, dict):
        members = flat("value", value).items()
        return " ".join(f"{name}={_quoted(part)}" for name, part in members)
    return value if isinstance(value, str) else _plain(value)


def words_for(key: bytes, text: str, write: Writer) -> str:
    """Words that give a key: the text, or numbers where that isn't quite text; else in hexadecimal."""
    if _gives(text, key, write):
        return text
    numbers = ([*key], [byte - 256 if byte > 127 else byte for byte in key])
    ways = (f"hex:{key.hex()}", *(f"[{','.join(map(str, way))}]" for way in numbers))
    return next((way for way in ways if _gives(way, key, write)), ways[0])


def _gives(text: str, key: bytes, write: Writer) -> bool:
    try:
        return write(parse_input([text]), None) == key
    except BadRequest:
        return False


def prefix(key: Value) -> str:
    """The key of a trie, as `10.0.0.0/8`; nothing where it is no length and address."""
    if not isinstance(key, dict) or len(key) != 2:
        return ""
    length, address = key.values()
    return f"{address}/{length}" if isinstance(length, int) and isinstance(address, str) else ""


def _plain(value: Value) -> str:
    if value is None:
        return "none"
    return to_json(value) if isinstance(value, bool | list | dict) else str(value)


def _quoted(value: Value) -> str:
    if not isinstance(value, str):
        return _plain(value)
    if value and not any(c.isspace() or c in "'\"\\,[]{}=" for c in value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
