"""Types of a map's keys and values, from how a program uses them: old definitions tell their sizes only."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

SIZES = {
    **{f"{prefix}{bits}": bits // 8 for prefix in ("__u", "__s", "u", "s") for bits in (8, 16, 32, 64)},
    **{f"{prefix}{bits}_t": bits // 8 for prefix in ("uint", "int") for bits in (8, 16, 32, 64)},
    **{f"__{order}{bits}": bits // 8 for order in ("be", "le") for bits in (16, 32, 64)},
    **dict.fromkeys(("char", "unsigned char", "signed char", "bool"), 1),
    **dict.fromkeys(("short", "unsigned short"), 2),
    **dict.fromkeys(("int", "unsigned int", "unsigned", "float"), 4),
    **dict.fromkeys(("long", "unsigned long", "long long", "unsigned long long"), 8),
}
_NUMBER = r"(?:(?:unsigned|signed)\s+)?(?:long\s+long|long|short|int|char)\b|unsigned"
_TYPE = rf"(?:(?:struct|union|enum)\s+\w+|{_NUMBER}|\w+)"
_NO_TYPES = frozenset({"return", "goto", "else", "case", "sizeof", "void", "const", "static", "volatile"})
_SIZE_OF = re.compile(r"sizeof\s*\(([^()]+)\)")
_ARGUMENT = r"&?\s*+\w++(?:\s*+(?:->|\.)\s*+\w++)*+"
_CALL = re.compile(
    r"(?:bpf_)?map_(?P<what>lookup|update|delete)_elem\s*+\(\s*+&\s*+(?P<map>\w+)\s*+,"
    rf"\s*+(?P<key>{_ARGUMENT})\s*+(?=[,)])(?:,\s*+(?P<value>{_ARGUMENT})\s*+(?=,))?"
)
_PARTS = re.compile(r"&?\s*(\w+)\s*(->|\.|)\s*(.*)", re.S)
_DECLARATION = re.compile(
    rf"\s*+(?P<type>{_TYPE})(?P<star>\s*+\*\s*+|\s++)(?P<name>\w++)\s*+(?P<array>(?:\[[^\]]*+\])*+)\s*+(?P<end>=)?"
)
_FURTHER = re.compile(r"\s*+(?P<star>\*?)\s*+(?P<name>\w++)\s*+(?P<array>(?:\[[^\]]*+\])*+)\s*+(?P<end>=)?")
_QUALIFIED = re.compile(r"\b(?:const|static)\b")
_CAST = re.compile(rf"\(\s*+(?:const\s++)?({_TYPE})\s*+\*\s*+\)\s*+$")
_ASSIGNED_TO = re.compile(r"\b(\w++)\s*+=\s*+(?:\([^()]*+\)\s*+)?$")
BEFORE = 500
"""Characters before a call in which it is looked for what its result is put into."""


class _Declared(Struct, frozen=True):
    at: int
    type: str
    is_pointer: bool


def sized_type(size: str) -> str:
    """The type of which a size is said to be that; empty where it is only a number."""
    found = _SIZE_OF.fullmatch(size)
    if not found:
        return ""
    of = found[1].strip()
    return f"__typeof__({of})" if of.startswith(("*", "&")) or "->" in of or "." in of else of


class Uses:
    """How a program uses its maps."""

    def __init__(self, code: str) -> None:
        self._code = code

    def type_of(self, what: str, map_: str, size: str) -> str:
        """The type of a map's `key` or `value`; empty where the program doesn't show one of this size."""
        return next((type_ for type_ in self._types(what, map_) if _fits(type_, size)), "")

    def _types(self, what: str, map_: str) -> Iterator[str]:
        for call in self._calls.get(map_, ()):
            if call[what]:
                yield from self._argument(call[what], call.start())
            if what == "value" and call["what"] == "lookup":
                yield from self._assigned(call.start())

    @cached_property
    def _calls(self) -> dict[str, list[re.Match[str]]]:
        found: dict[str, list[re.Match[str]]] = {}
        for call in _CALL.finditer(self._code):
            found.setdefault(call["map"], []).append(call)
        return found

    def _argument(self, argument: str, before: int) -> Iterator[str]:
        """The type of what is pointed to: of a variable, or of a member of one."""
        parts = _PARTS.match(argument)
        assert parts is not None
        variable, arrow, members = parts.groups()
        pointer = arrow == "->" if arrow else "&" not in argument
        for type_ in self._declared(variable, before, pointer):
            if not arrow:
                yield type_
            elif "&" in argument:
                yield f"__typeof__((({type_} *)0)->{members})"

    def _assigned(self, call: int) -> Iterator[str]:
        """The type of what a lookup's result is put into."""
        before = self._code[max(0, call - BEFORE) : call].rpartition(";")[2]
        cast = _CAST.search(before)
        variable = _ASSIGNED_TO.search(before)
        if cast and cast[1] not in _NO_TYPES:
            yield _spaced(cast[1])
        if variable:
            yield from self._declared(variable[1], call, pointer=True)

    def _declared(self, variable: str, before: int, pointer: bool) -> Iterator[str]:
        """The type that a variable is last declared with."""
        found = self._declarations.get((variable, pointer), [])
        last = bisect_left(found, before, key=lambda one: one.at)
        if last:
            yield found[last - 1].type

    @cached_property
    def _declarations(self) -> dict[tuple[str, bool], list[_Declared]]:
        found: dict[tuple[str, bool], list[_Declared]] = {}
        for name, one in _declarations(self._code):
            found.setdefault((name, one.is_pointer), []).append(one)
        return found


def _fits(type_: str, size: str) -> bool:
    """Whether it isn't known to be of another size."""
    return not (size.isdigit() and type_ in SIZES and SIZES[type_] != int(size))


def _declarations(code: str) -> Iterator[tuple[str, _Declared]]:
    """All variables that are declared, with their types: between two brackets or semicolons, by commas."""
    start, before = 0, ";"
    for mark in re.finditer(r"[;{}()]|\Z", code):
        if before != ")":
            yield from _declared_between(code, start, mark.start(), mark[0])
        start, before = mark.end(), mark[0]


def _declared_between(code: str, start: int, end: int, closing: str) -> Iterator[tuple[str, _Declared]]:
    type_ = ""
    while start <= end:
        stop = code.find(",", start, end)
        stop = end if stop < 0 else stop
        begins = max((m.end() for m in _QUALIFIED.finditer(code, start, stop)), default=start)
        one = _DECLARATION.match(code, begins, stop)
        if one and one["type"].split()[0] not in _NO_TYPES:
            type_ = _spaced(one["type"])
        else:
            one = _FURTHER.match(code, start, stop) if type_ else None
        if one and (one["end"] or (one.end() == stop and (stop < end or closing in (";", ")")))):
            yield one["name"], _Declared(one.start("name"), type_ + one["array"], "*" in one["star"])
        start = stop + 1


def _spaced(type_: str) -> str:
    return " ".join(type_.split())
