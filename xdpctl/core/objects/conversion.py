"""C of older lessons as libbpf 1.0 and later take it: the whole file, but for its maps as it was."""

import re
from collections.abc import Callable

from xdpctl.core.objects import legacy
from xdpctl.core.objects.legacy import Definition

_INCLUDE = re.compile(
    r'^(?P<start>[ \t]*#[ \t]*include[ \t]*)(?P<open>[<"])(?P<name>[^>"\n]+)[>"][^\n]*\n?', re.M
)
HELPERS = "bpf/bpf_helpers.h"
_STANDARD = {"stdbool.h": r"\bbool\b", "stdint.h": r"\bu?int(?:8|16|32|64)_t\b"}
LIBBPF = ("bpf_helpers.h", "bpf_endian.h", "bpf_tracing.h", "bpf_core_read.h")
"""Headers whose predecessors lay beside the sources."""
_OF_IPROUTE2 = "bpf_elf.h"
_OWN_HELPERS = re.compile(r"\(\s*\*\s*bpf_\w+\s*\)\s*\(")
MACROS = """\
#ifndef __uint
#define __uint(name, val) int (*name)[val]
#define __type(name, val) __typeof__(val) *name
#define __array(name, val) __typeof__(val) *name[]
#define LIBBPF_PIN_BY_NAME 1
#endif
"""

Place = Callable[[str, bool], str | None]
"""How a header is to be included, by its name and whether it stands in quotes; None where it isn't there."""


def converted(source: str, place: Place, headers: str = "") -> str:
    """A source, given the texts of the headers beside it: what those declare isn't declared again."""
    code = legacy.without_comments(source)
    found = legacy.definitions(code)
    text = _includes(source, place)
    needed = _needed(text + headers)
    has_sec = HELPERS in text + needed + headers or re.search(r"define[ \t]+SEC\(", code + headers)
    section = 'SEC(".maps")' if has_sec else '__attribute__((section(".maps"), used))'
    text = source
    for one in reversed(found):
        text = text[: one.start] + _definition(one, source, code, found, section) + text[one.end :]
    text = legacy.long_types(text, source + headers)
    for type_ in {one.type for one in found if one.type}:
        text = re.sub(rf"\bstruct\s+{type_}\s*\*", "void *", text)
    text = _includes(text, place)
    last = max((match.end() for match in _INCLUDE.finditer(text)), default=0)
    first = next((match.start() for match in _INCLUDE.finditer(text)), 0)
    standard = _standard(code + headers)
    return text[:first] + standard + text[first:last] + needed + text[last:]


def _definition(one: Definition, source: str, code: str, found: tuple[Definition, ...], section: str) -> str:
    """In today's form, an entry a line; comments and directives between its entries stay."""
    at, end = one.body
    parts, last = [], ""
    for entry in one.entries:
        line = legacy.modern_entry(entry, one, code, found)
        if line.startswith(legacy.VALUES):
            line, last = "", f"\t{line}\n"
        before = source[at : entry.start]
        parts += [before if "\n" in before else f"{before.rstrip()}\n\t", line] if line else [before.rstrip()]
        at = entry.end
    behind = source[at:end]
    parts.append(behind if "\n" in behind else f"{behind.rstrip()}\n")
    static = "static " if re.match(r"[^{]*\bstatic\b", code[one.start : end]) else ""
    return f"{static}struct {{{''.join(parts)}{last}}} {one.name} {section};"


def _includes(text: str, place: Place) -> str:
    """As seen from where the file will be, and as they are called today."""

    def include(match: re.Match[str]) -> str:
        name, base = match["name"], match["name"].rpartition("/")[2]
        known = (
            place(f"bpf/{base}", False) if base in LIBBPF else None,
            place(name, match["open"] == '"'),
            place(name.removeprefix("uapi/"), False),
        )
        found = next(filter(None, known), None)
        if found is None and base == _OF_IPROUTE2:
            return ""
        return f"{match['start']}{found}\n" if found else match[0]

    return _INCLUDE.sub(include, text)


def _needed(text: str) -> str:
    """What the definitions are written with, as far as the file and the headers beside it don't bring it."""
    if HELPERS in text or re.search(r"define[ \t]+__uint\b", text):
        return ""
    if _OWN_HELPERS.search(text):
        return MACROS
    needed = f"#include <{HELPERS}>\n"
    return needed if re.search(r"linux/bpf\.h|vmlinux\.h", text) else f"#include <linux/bpf.h>\n{needed}"


def _standard(text: str) -> str:
    """Headers of C itself, which those of the kernel's own sources stood for."""
    if "vmlinux.h" in text:
        return ""
    found = [
        f"#include <{header}>\n"
        for header, words in _STANDARD.items()
        if header not in text and re.search(words, text)
        if not re.search(rf"(?:\btypedef\b[^;]*|\bdefine[ \t]+){words}", text)
    ]
    return "".join(found)
