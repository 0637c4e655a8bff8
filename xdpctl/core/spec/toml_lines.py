"""On which line of a TOML text an entry stands: `tomllib` doesn't keep that."""

import re
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

_TOKEN = re.compile(
    r'''
    (?P<end>\n)
    | (?P<nothing> [ \t\r]+ | \#[^\n]* )
    | (?P<open> [\[{] )
    | (?P<close> [\]}] )
    | """ (?: \\. | [^\\] )*? """ (?!")
    | \'\'\' .*? \'\'\' (?!\')
    | " (?: \\. | [^"\\] )* "
    | ' [^']* '
    | [^\s\#\[\]{}"']+
    | .
    ''',
    re.VERBOSE | re.DOTALL,
)

_Path = tuple[str | int, ...]


def line_of(text: str, path: _Path) -> int:
    """The line where this entry, or the nearest table around it, begins, in a text that is TOML."""
    table: _Path = ()
    lengths: dict[_Path, int] = {}  # of arrays of tables
    nearest, steps = 1, 0
    for line, statement in _statements(text):
        parsed = tomllib.loads(statement)
        if statement.startswith("["):
            table = _opened(parsed, lengths)
            there = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(table, path, strict=False)))
        elif path[: len(table)] == table:
            there = len(table) + _steps(parsed, path[len(table) :])
        else:
            continue
        if there > steps:
            nearest, steps = line, there
    return nearest


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each with the line where it begins: a statement ends with the first line that closes what it opened."""
    line, begin, first, depth = 1, -1, 1, 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if begin < 0 and kind not in ("end", "nothing"):
            begin, first = token.start(), line
        depth += (kind == "open") - (kind == "close")
        if kind == "end" and depth == 0 and begin >= 0:
            yield first, text[begin : token.end()]
            begin = -1
        line += token[0].count("\n")
    if begin >= 0:
        yield first, text[begin:]


def _opened(header: dict[str, Any], lengths: dict[_Path, int]) -> _Path:
    """The table that a header opens: of an array of tables, the last so far, or one more."""
    path: _Path = ()
    inner: Any = header
    while inner:
        [(key, inner)] = inner.items()
        path = (*path, key)
        if isinstance(inner, list):
            lengths[path] = lengths.get(path, 0) + 1
            inner = None
        if path in lengths:
            path = (*path, lengths[path] - 1)
    return path


def _steps(value: Any, path: _Path) -> int:
    """How far this path leads into a value."""
    for taken, step in enumerate(path):
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return taken
        elif not isinstance(value, dict) or step not in value:
            return taken
        value = value[step]
    return len(path)
