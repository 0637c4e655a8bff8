"""On which line of a TOML text an entry stands: `tomllib` doesn't keep that."""

import tomllib
from typing import Any


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line where this entry, or the nearest table around it, begins.

    The longest prefixes of the text that are TOML by themselves end where statements end; the entry
    begins with the first statement after which it is there.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    while path:
        begin = 1
        for end in range(1, len(lines) + 1):
            if not _says_something(lines[end - 1]):
                continue  # no statement ends here
            try:
                table = tomllib.loads("\n".join(lines[:end]))
            except tomllib.TOMLDecodeError:
                continue
            if _has(table, path):
                return _first_statement(lines, begin, end)
            begin = end + 1
        path = path[:-1]
    return 1


def _says_something(line: str) -> bool:
    """Whether a line is neither blank nor a comment."""
    return bool(line.strip(" \t").split("#")[0])


def _first_statement(lines: list[str], begin: int, end: int) -> int:
    """The first line from `begin` to `end` that says something."""
    return next((n for n in range(begin, end) if _says_something(lines[n - 1])), end)


def _has(table: Any, path: tuple[str | int, ...]) -> bool:
    for step in path:
        if isinstance(step, int):
            if not isinstance(table, list) or step >= len(table):
                return False
        elif not isinstance(table, dict) or step not in table:
            return False
        table = table[step]
    return True
