"""Where a C source defines maps as libbpf 1.0 and later refuse them, `struct … SEC("maps")`."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.objects import c_text

_SECTION = re.compile(r'"maps(?:/[\w./-]+)?"')
_SECTION_OR_WORD = re.compile(rf"{_SECTION.pattern}|\w+")
_MARK = re.compile(r"[;{}=]")
_DESIGNATED = re.compile(r"(?:\.\s*(?P<name>\w+)\s*=|(?P<old>\w+)\s*:)(?P<value>.*)", re.S)
_MODERN = re.compile(r"\b__uint\b")
_STRUCT = re.compile(r"\bstruct(?:\s++(\w++))?\s*+\Z")
_HEAD_WORD = re.compile(r"\b(?P<qualifier>static|const|volatile)\b|\bstruct\s++(?P<type>\w++)|\S")
_NAME_OR_BRACKET = re.compile(r"\w++|[()\[]")
_MEMBER = re.compile(r"\b(\w++)\s*+(?=[,;])")
MACROS = frozenset({"ELF_SECTION_MAPS", "__section_maps"})
"""Those of iproute2's headers."""
POSITIONS = {
    "bpf_elf_map": (
        *("type", "size_key", "size_value", "max_elem", "flags"),
        *("id", "pinning", "inner_id", "inner_idx"),
    )
}
USUAL = ("type", "key_size", "value_size", "max_entries", "map_flags")


class Setting(Struct, frozen=True):
    name: str
    value: str
    start: int
    end: int
    """Where it stands in the source, its comma included."""


class Definition(Struct, frozen=True):
    name: str
    start: int
    end: int
    """Behind its semicolon, or the comma before the next of this declaration."""
    body: tuple[int, int]
    """Between the braces."""
    type: str = ""
    static: bool = False
    continues: bool = False
    """The declaration of the one before."""
    entries: tuple[Setting, ...] = ()
    """None where it is in today's form but for its section."""


class MadeByMacro(Struct, frozen=True):
    macro: str
    line: int


class _Head(Struct, frozen=True):
    """What stands before a name and its initialiser."""

    start: int
    names: int
    """Behind the type."""
    type: str
    static: bool
    continues: bool = False
    in_maps: bool = False
    """As are all names of this declaration."""


class LegacyMaps:
    """Of a source without comments."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._heads: dict[int, _Head] = {}
        """Those of declarations that may go on, by where the last initialiser ends."""
        self._positions_of: dict[str, tuple[str, ...]] = {}

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """In the order of the source, as far as they are written out."""
        if not self._sections:
            return ()
        found: list[Definition] = []
        for one in sorted(self._found(), key=lambda one: one.start):
            if not found or found[-1].end <= one.start:
                found.append(one)
        return tuple(found)

    @cached_property
    def made_by_macros(self) -> tuple[MadeByMacro, ...]:
        """Where a macro makes one, whose name and values only a compiler knows."""
        makers = {name for name in self._section_words if "struct" in self._macros.get(name, ())}
        makers = c_text.closure(makers, self._macros)
        if not makers:
            return ()
        lines = c_text.LineNumbers(self.code)
        words = c_text.WORD.finditer(self._structure)
        return tuple(MadeByMacro(m[0], lines.of(m.start())) for m in words if m[0] in makers)

    @cached_property
    def _macros(self) -> dict[str, frozenset[str]]:
        return c_text.macros(self.code)

    @cached_property
    def _section_words(self) -> set[str]:
        """Macros that put a variable into the section of maps."""
        naming = {n for n, words in self._macros.items() if any(map(_SECTION.fullmatch, words))}
        return c_text.closure(MACROS | naming, self._macros)

    @cached_property
    def _sections(self) -> list[int]:
        """Where a variable is put there: by the section's name, or a macro."""
        found = _SECTION_OR_WORD.finditer(self.code)
        return [m.start() for m in found if m[0][0] == '"' or m[0] in self._section_words]

    @cached_property
    def _structure(self) -> str:
        return c_text.structure(self.code)

    def _in_maps(self, start: int, end: int) -> bool:
        i = bisect_left(self._sections, start)
        return i < len(self._sections) and self._sections[i] < end

    @cached_property
    def _marks(self) -> list[tuple[int, str]]:
        return [(-1, ";"), *((m.start(), m[0]) for m in _MARK.finditer(self._structure))]

    @cached_property
    def _partners(self) -> dict[int, int]:
        """Which mark closes what one opens, and the reverse; both by their numbers."""
        found, opened = {}, []
        for i, (_, mark) in enumerate(self._marks):
            if mark == "{":
                opened.append(i)
            elif mark == "}" and opened:
                found[i] = opened.pop()
                found[found[i]] = i
        return found

    @cached_property
    def _modern(self) -> list[int]:
        return [m.start() for m in _MODERN.finditer(self._structure)]

    def _found(self) -> Iterator[Definition]:
        for i, (_, mark) in enumerate(self._marks):
            if mark == "=":
                yield from self._initialised(i)
            elif mark == ";" and i and self._marks[i - 1][1] == "}":
                yield from self._undotted(i)

    def _before(self, i: int) -> tuple[int, int]:
        """From the mark before this one up to it."""
        return self._marks[i - 1][0] + 1, self._marks[i][0]

    def _initialised(self, i: int) -> Iterator[Definition]:
        """By the number of an equals sign."""
        opening, closing = i + 1, self._partners.get(i + 1, 0)
        if closing <= opening or closing + 1 == len(self._marks) or self._text(opening).strip():
            return
        before, at = self._before(i)
        head = self._heads.get(before) or self._head(before, at)
        name = head and _variable(self._structure, head.names, at, self._section_words)
        end = self._end(closing)
        if head and name and end and (head.in_maps or self._in_maps(head.start, at)):
            in_maps = head.in_maps or self._in_maps(head.start, name.start())
            following = replace(head, start=end, names=end, continues=True, in_maps=in_maps)
            self._heads[self._marks[closing][0] + 1] = following
            body = (self._marks[opening][0] + 1, self._marks[closing][0])
            entries = tuple(self._entries(body, self._positions(head.type)))
            yield Definition(
                name=name[0],
                start=name.start() if head.continues else head.start,
                end=end,
                body=body,
                type=head.type,
                static=head.static,
                continues=head.continues,
                entries=entries,
            )

    def _text(self, i: int) -> str:
        return self._structure[slice(*self._before(i))]

    def _end(self, closing: int) -> int:
        """Behind what ends an initialiser; 0 where that is missing."""
        behind = self._text(closing + 1)
        if behind.lstrip().startswith(","):
            return self._marks[closing][0] + 1 + behind.index(",") + 1
        return self._marks[closing + 1][0] + 1 if self._marks[closing + 1][1] == ";" else 0

    def _head(self, before: int, at: int) -> _Head | None:
        """Of the first name of a declaration."""
        begun = None
        for word in _HEAD_WORD.finditer(self._structure, before, at):
            if word["type"]:
                start = word.start() if begun is None else begun
                if self._in_maps(before, start):
                    section = self._sections[bisect_left(self._sections, before)]
                    line = max(before, self._structure.rfind("\n", before, section) + 1)
                    start = line + len(self._structure[line:at]) - len(self._structure[line:at].lstrip())
                static = "static" in c_text.WORD.findall(self._structure, start, at)
                return _Head(start=start, names=word.end(), type=word["type"], static=static)
            begun = (word.start() if begun is None else begun) if word["qualifier"] else None
        return None

    def _undotted(self, i: int) -> Iterator[Definition]:
        """By the number of the semicolon behind: today's form, in the old section."""
        opening = self._partners.get(i - 1, 0)
        behind = self._before(i)
        if not opening or not self._in_maps(*behind):
            return
        head = _STRUCT.search(self._structure, *self._before(opening))
        name = _variable(self._structure, *behind, self._section_words)
        body = (self._marks[opening][0] + 1, self._marks[i - 1][0])
        if head and name and bisect_left(self._modern, body[0]) < bisect_left(self._modern, body[1]):
            yield Definition(name=name[0], start=head.start(), end=behind[1] + 1, body=body)

    def _entries(self, body: tuple[int, int], positions: tuple[str, ...]) -> Iterator[Setting]:
        for number, (start, end) in enumerate(_pieces(self._structure, *body)):
            text = self.code[start:end].rstrip(", \t\n")
            named = _DESIGNATED.fullmatch(text)
            if named:
                yield Setting(named["name"] or named["old"], named["value"].strip(), start, end)
            elif text and number < len(positions):
                yield Setting(positions[number], text, start, end)

    def _positions(self, type_: str) -> tuple[str, ...]:
        """The members of a struct, if the source has it."""
        if type_ not in self._positions_of:
            opening = self._structs.get(type_)
            known = POSITIONS.get(type_, USUAL)
            self._positions_of[type_] = known if opening is None else self._members(opening)
        return self._positions_of[type_]

    def _members(self, opening: int) -> tuple[str, ...]:
        start = self._marks[opening][0] + 1
        end = re.compile(r"[{}]|\Z").search(self._structure, start)
        return tuple(_MEMBER.findall(self._structure, start, end.start() if end else start))

    @cached_property
    def _structs(self) -> dict[str, int]:
        """The numbers of the braces that open the first of each name."""
        found: dict[str, int] = {}
        for i, (_, mark) in enumerate(self._marks):
            if mark == "{" and (head := _STRUCT.search(self._structure, *self._before(i))) and head[1]:
                found.setdefault(head[1], i)
        return found


def _variable(text: str, start: int, end: int, section_words: set[str]) -> re.Match[str] | None:
    """The name among attributes; None for an array of definitions."""
    names: list[re.Match[str]] = []
    depth = 0
    for one in _NAME_OR_BRACKET.finditer(text, start, end):
        if one[0] == "(":
            if names and not depth and not text[names[-1].end() : one.start()].strip():
                names.pop()  # of what is called
            depth += 1
        elif one[0] == ")":
            depth -= 1
        elif one[0] == "[":
            return None
        elif not depth and one[0] != "const":
            names.append(one)
    told = (one for one in names if one[0] not in section_words and not one[0].startswith("__"))
    return next(told, None)


def _pieces(structure: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What stands between the commas of an initialiser, its comma included."""
    depth, before = 0, start
    for mark in re.compile(r"[(){},]|\Z").finditer(structure, start, end):
        if mark[0] and mark[0] != ",":
            depth += 1 if mark[0] in "({" else -1
        elif not mark[0] or depth == 0:
            piece = structure[before : mark.end()]
            first = before + len(piece) - len(piece.lstrip())
            if piece.strip():
                yield first, before + len(piece.rstrip())
            before = mark.end()
