"""Words that speak of elements: which of them are the key, what they mean, and the words of a key."""

import contextlib
from collections.abc import Collection, Sequence
from typing import Any

from xdpctl.core.encode.encoder import of_words
from xdpctl.core.encode.text import Input, split_head
from xdpctl.core.values.json_text import from_json, to_json
from xdpctl.core.values.value import Value, flat

Words = tuple[str, ...]


def split(words: Words, key_names: Collection[str]) -> tuple[Words, Words]:
    """The key is one word, or all of those that name its members: `src_ip=10.0.0.1 dst_port=80`."""
    count = 0
    seen: set[str] = set()
    for word in words:
        name, named, _ = word.partition("=")
        if not named or name in seen or not {name, split_head(name)[0]} & set(key_names):
            break
        seen.add(name)
        count += 1
    count = max(1, count)
    return words[:count], words[count:]


def parse_input(words: Sequence[str]) -> Input:
    """One key or one value: words as they are, or what they say as JSON."""
    said = of_words(words)
    if isinstance(said, str) and said.lstrip().startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            return from_json(said)
    return said


def format_input(value: Value) -> str:
    """A key or a value in words that can be taken back."""
    if isinstance(value, dict):
        members = flat("value", value).items()
        return " ".join(f"{name}={_quoted(part)}" for name, part in members)
    return value if isinstance(value, str) else _plain(value)


def prefix(key: dict[str, Any]) -> str:
    """The key of a trie, as `10.0.0.0/8`; nothing where it is no length and address."""
    if len(key) != 2:
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
