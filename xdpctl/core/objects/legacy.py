"""Map definitions of older lessons and of iproute2 (`struct … SEC("maps")`), in today's form."""

import re
from collections.abc import Iterator

from msgspec import Struct

from xdpctl.core.objects import legacy_uses

_KEPT_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.S)
_OTHER_OR_SHORT = re.compile(
    _KEPT_OR_COMMENT.pattern + r"|(?:\.|->|struct\s)\s*\w+|(?P<short>\b[us](?:8|16|32|64)\b)", re.S
)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?:\([^)]*\))?[ \t]+((?:[^\\\n]|\\.|\\\n)*)", re.M)
_SECTION = re.compile(r'"maps(?:/[\w./-]+)?"')
_STARTS = re.compile(r"\bstruct\s+(?P<type>\w+)\b(?P<between>[^;{}=]*)=\s*\{")
_UNDOTTED = re.compile(r"\bstruct(?:\s+\w+)?\s*\{")
_CALL = re.compile(r"\w*\s*\([^()]*\)")
_DESIGNATED = re.compile(r"(?:\.\s*(?P<name>\w+)\s*=|(?P<old>\w+)\s*:)(?P<value>.*)", re.S)
MACROS = frozenset({"ELF_SECTION_MAPS", "__section_maps"})
"""Those of iproute2's headers."""
POSITIONS = {
    "bpf_elf_map": (
        *("type", "size_key", "size_value", "max_elem", "flags"),
        *("id", "pinning", "inner_id", "inner_idx"),
    )
}
USUAL = ("type", "key_size", "value_size", "max_entries", "map_flags")
TODAY = {"size_key": "key_size", "size_value": "value_size", "max_elem": "max_entries", "flags": "map_flags"}
"""What iproute2 calls otherwise."""
KEPT = ("type", "max_entries", "map_flags", "numa_node", "map_extra")
VALUES = "__array"
"""A member that C wants at the end."""
NOT_PINNED = ("0", "PIN_NONE")


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
    body: tuple[int, int]
    """Between the braces."""
    type: str = ""
    entries: tuple[Setting, ...] = ()
    """None where it is in today's form but for its section."""

    def value(self, name: str) -> str:
        return next((e.value for e in self.entries if TODAY.get(e.name, e.name) == name), "")


class LegacyMap(Struct, frozen=True):
    name: str
    line: int
    modern: str
    """The same map as libbpf 1.0 and later take it."""


def find(source: str) -> tuple[LegacyMap, ...]:
    """The legacy map definitions in a C source, as far as they are written out."""
    code = without_comments(source)
    found = definitions(code)
    return tuple(
        LegacyMap(one.name, code.count("\n", 0, one.start) + 1, long_types(_modern(one, code, found), code))
        for one in found
    )


def without_comments(source: str) -> str:
    """Everything else stands where it stood."""
    return _KEPT_OR_COMMENT.sub(lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), source)


def long_types(text: str, declared: str) -> str:
    """u32 and its like belong to the kernel's own sources: __u32, where they aren't declared."""
    own = set(re.findall(r"(?:typedef\b[^;]*|#[ \t]*define[ \t]+)\b([us](?:8|16|32|64))\b", declared))
    if "vmlinux.h" in declared:
        return text
    return _OTHER_OR_SHORT.sub(lambda m: f"__{m[0]}" if m["short"] and m[0] not in own else m[0], text)


def definitions(code: str) -> tuple[Definition, ...]:
    """Of a source without comments, in its order."""
    markers = _markers(code)
    found = (*_initialised(code, markers), *_undotted(code, markers))
    return tuple(sorted(found, key=lambda one: one.start))


def modern_entry(entry: Setting, of: Definition, code: str, others: tuple[Definition, ...]) -> str:
    """The line for an entry; empty where today's form has none."""
    name, value = TODAY.get(entry.name, entry.name), entry.value
    if name in ("key_size", "value_size"):
        what = name.removesuffix("_size")
        type_ = legacy_uses.sized_type(value) or legacy_uses.type_of(what, of.name, value, code)
        if type_:
            return f"__type({what}, {type_});"
        return "" if value == "0" else f"__uint({name}, {value});"
    if name == "pinning":
        return "" if value in NOT_PINNED else "__uint(pinning, LIBBPF_PIN_BY_NAME);"
    if name == "inner_id":
        inner = next((o.name for o in others if o.start < of.start and value == o.value("id")), "")
        return f"{VALUES}(values, __typeof__({inner}));" if inner and value != "0" else ""
    return f"__uint({name}, {value});" if name in KEPT and (name in KEPT[:2] or value != "0") else ""


def _modern(one: Definition, code: str, others: tuple[Definition, ...]) -> str:
    lines = [modern_entry(entry, one, code, others) for entry in one.entries]
    lines = sorted(lines, key=lambda line: line.startswith(VALUES)) or code[slice(*one.body)].splitlines()
    inside = (f"\t{line.strip()}" for line in lines if line.strip())
    return "\n".join(("struct {", *inside, f'}} {one.name} SEC(".maps");'))


def _markers(code: str) -> re.Pattern[str]:
    """What puts a variable into the section of maps: the section's name, and macros for it."""
    macros = dict(_DEFINE.findall(code))
    known = set(MACROS)
    for _ in macros:
        known |= {name for name, body in macros.items() if _mentions(body, known)}
    return re.compile("|".join((_SECTION.pattern, *(rf"\b{name}\b" for name in sorted(known)))))


def _mentions(body: str, known: set[str]) -> bool:
    return bool(_SECTION.search(body) or known & set(re.findall(r"\w+", body)))


def _initialised(code: str, markers: re.Pattern[str]) -> Iterator[Definition]:
    for match in _STARTS.finditer(code):
        start = _statement_start(code, match.start(), markers)
        around = code[start : match.start()] + match["between"]
        closing = _closing(code, match.end())
        name = _variable(match["between"], markers)
        end = code.find(";", closing) + 1
        if markers.search(around) and name and end and not _in_directive(code, match.start()):
            body = (match.end(), closing)
            entries = tuple(_entries(code, body, _positions(match["type"], code)))
            yield Definition(name=name, start=start, end=end, body=body, type=match["type"], entries=entries)


def _undotted(code: str, markers: re.Pattern[str]) -> Iterator[Definition]:
    for match in _UNDOTTED.finditer(code):
        closing = _closing(code, match.end())
        end = code.find(";", closing) + 1
        behind = code[closing + 1 : end - 1]
        name = _variable(behind, markers)
        if "__uint" in code[match.end() : closing] and markers.search(behind) and name:
            yield Definition(name=name, start=match.start(), end=end, body=(match.end(), closing))


def _statement_start(code: str, at: int, markers: re.Pattern[str]) -> int:
    """Where the declaration begins whose `struct` stands here: its section may come before."""
    line = max(code.rfind(end, 0, at) for end in ";}\n") + 1
    if markers.search(code, line, at):
        return at - len(code[line:at].lstrip())
    words = re.search(r"(?:\b(?:static|const|volatile)\s+)*\Z", code[:at])
    return words.start() if words else at


def _in_directive(code: str, at: int) -> bool:
    return code[code.rfind("\n", 0, at) + 1 :].lstrip().startswith("#")


def _closing(code: str, at: int) -> int:
    """The brace that closes the one before."""
    depth = 1
    for brace in re.compile(r"[{}]").finditer(code, at):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return len(code)


def _variable(text: str, markers: re.Pattern[str]) -> str:
    """The name among attributes; empty for an array of definitions."""
    left = markers.sub('""', text)
    while _CALL.search(left):
        left = _CALL.sub(" ", left)
    words = [word for word in re.findall(r"\w+", left) if not word.startswith("__") and word != "const"]
    return words[0] if words and "[" not in left else ""


def _entries(code: str, body: tuple[int, int], positions: tuple[str, ...]) -> Iterator[Setting]:
    for number, (start, end) in enumerate(_pieces(code, *body)):
        text = code[start:end].rstrip(", \t\n")
        named = _DESIGNATED.fullmatch(text)
        if named:
            yield Setting(named["name"] or named["old"], named["value"].strip(), start, end)
        elif text and number < len(positions):
            yield Setting(positions[number], text, start, end)


def _pieces(code: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What stands between the commas of an initialiser, without directives of the preprocessor."""
    depth = 0
    before = start
    for mark in [*re.compile(r"[(){},]").finditer(code, start, end), None]:
        if mark is not None and mark[0] != ",":
            depth += 1 if mark[0] in "({" else -1
        elif mark is None or depth == 0:
            stop = mark.end() if mark else end
            piece = re.compile(r"(?:\s|#[^\n]*\n)*").match(code, before, stop)
            first = piece.end() if piece else before
            directive = re.compile(r"\n[ \t]*#").search(code, first, stop)
            last = directive.start() if directive else first + len(code[first:stop].rstrip())
            if first < last:
                yield first, last
            before = stop


def _positions(type_: str, code: str) -> tuple[str, ...]:
    """The members of a struct, if the source has it."""
    body = re.search(rf"\bstruct\s+{type_}\s*\{{([^}}]*)\}}", code)
    if body:
        return tuple(re.findall(r"(\w+)\s*(?=[,;])", body[1]))
    return POSITIONS.get(type_, USUAL)
