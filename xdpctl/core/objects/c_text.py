"""C as text, looked at without a compiler: each look goes through it once, whatever it holds."""

import re
from bisect import bisect_left
from collections.abc import Iterable

_TEXT = r""""(?:[^"\\\n]++|\\.)*+"?|'(?:[^'\\\n]++|\\.)*+'?"""
"""Where its end is missing, it ends with the line."""
TEXT_OR_COMMENT = re.compile(_TEXT + r"|/\*(?:.*?\*/|.*)|//[^\n]*", re.S)
_TEXT_OR_DIRECTIVE = re.compile(_TEXT + r"|^[ \t]*#(?:[^\\\n]++|\\.)*+", re.S | re.M)
_DEFINE = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+(?P<name>\w+)(?P<parameters>\()?(?P<rest>(?:[^\\\n]++|\\.)*+)", re.M | re.S
)
_DECLARES = re.compile(r"\btypedef\b([^;]*)|#[ \t]*define[ \t]+(\w+)")
WORD = re.compile(r"\w+")


def is_comment(piece: str) -> bool:
    return piece.startswith("/")


def without_comments(source: str) -> str:
    """Everything else stands where it stood."""
    return TEXT_OR_COMMENT.sub(lambda m: _blank(m[0]) if is_comment(m[0]) else m[0], source)


def structure(code: str) -> str:
    """The same without comments, directives and what texts hold, so that each brace is one."""

    return _TEXT_OR_DIRECTIVE.sub(lambda m: "_" * len(m[0]) if m[0][0] in "\"'" else _blank(m[0]), code)


def _blank(text: str) -> str:
    return "\n".join(" " * len(line) for line in text.split("\n"))


def macros(code: str) -> dict[str, frozenset[str]]:
    """The words, and texts, that a macro is made of."""
    return {m["name"]: frozenset(re.findall(r'\w+|"[^"\n]*"', m["rest"])) for m in _DEFINE.finditer(code)}


def closure(known: Iterable[str], made_of: dict[str, frozenset[str]]) -> set[str]:
    """What is known, and all macros that are made of that, through whatever other macros."""
    users: dict[str, list[str]] = {}
    for name, words in made_of.items():
        for word in words:
            users.setdefault(word, []).append(name)
    found = set(known)
    todo = list(found)
    while todo:
        new = [name for name in users.get(todo.pop(), ()) if name not in found]
        found.update(new)
        todo += new
    return found


def declared_words(text: str) -> frozenset[str]:
    """What typedefs speak of, and the names of macros."""
    return frozenset(word for m in _DECLARES.finditer(text) for word in WORD.findall(m[1] or m[2] or ""))


class LineNumbers:
    """The numbers of the lines that places are in."""

    def __init__(self, text: str) -> None:
        self._ends = [m.start() for m in re.finditer("\n", text)]

    def of(self, at: int) -> int:
        return bisect_left(self._ends, at) + 1
