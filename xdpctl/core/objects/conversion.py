"""C of older lessons as libbpf 1.0 and later take it: the whole file, but for its maps as it was."""

import re
from collections.abc import Callable
from itertools import zip_longest

from xdpctl.core.objects import c_text, legacy
from xdpctl.core.objects.legacy import Today
from xdpctl.core.objects.legacy_maps import Definition, LegacyMaps

_INCLUDE = re.compile(
    r'^(?P<start>[ \t]*#[ \t]*include[ \t]*)(?P<open>[<"])(?P<name>[^>"\n]+)[>"][^\n]*\n?', re.M
)
HELPERS = "bpf/bpf_helpers.h"
_STANDARD = {
    "stdbool.h": {"bool"},
    "stdint.h": {f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
LIBBPF = ("bpf_helpers.h", "bpf_endian.h", "bpf_tracing.h", "bpf_core_read.h")
"""Headers whose predecessors lay beside the sources."""
_OF_IPROUTE2 = "bpf_elf.h"
_POINTER = re.compile(r"\bstruct\s++(\w++)\s*+\*")
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
    code = c_text.without_comments(source)
    found = LegacyMaps(code).definitions
    text = _includes(source, place)
    needed = _needed(text + headers)
    has_sec = HELPERS in text + needed + headers or re.search(r"define[ \t]+SEC\(", code + headers)
    section = 'SEC(".maps")' if has_sec else '__attribute__((section(".maps"), used))'
    text = _definitions(source, found, Today(code, found), section)
    text = legacy.long_types(text, legacy.declared_types(source + headers))
    types = {one.type for one in found}
    text = _POINTER.sub(lambda m: "void *" if m[1] in types else m[0], text)
    text = _includes(text, place)
    last = max((match.end() for match in _INCLUDE.finditer(text)), default=0)
    first = next((match.start() for match in _INCLUDE.finditer(text)), 0)
    standard = _standard(code + headers)
    return text[:first] + standard + text[first:last] + needed + text[last:]


def _definitions(source: str, found: tuple[Definition, ...], today: Today, section: str) -> str:
    """The source with today's form in the places of these."""
    parts, at = [], 0
    for one, following in zip_longest(found, found[1:]):
        between = source[at : one.start]
        parts += [between, "\n" * (one.continues and "\n" not in between)]
        parts.append(_definition(one, source, today, section))
        at = one.end
        if source[at - 1] == "," and not (following and following.continues):
            parts.append(f"\n{'static ' * one.static}struct {one.type}")  # of what follows, which is no map
    return "".join((*parts, source[at:]))


def _definition(one: Definition, source: str, today: Today, section: str) -> str:
    """In today's form, an entry a line; comments and directives between its entries stay."""
    at, end = one.body
    parts, last = [], ""
    for entry in one.entries:
        line = today.entry(entry, one)
        if line.startswith(legacy.VALUES):
            line, last = "", f"\t{line}\n"
        before = source[at : entry.start]
        parts += [before if "\n" in before else f"{before.rstrip()}\n\t", line] if line else [before.rstrip()]
        at = entry.end
    behind = source[at:end]
    parts.append(behind if "\n" in behind else f"{behind.rstrip()}\n")
    return f"{'static ' * one.static}struct {{{''.join(parts)}{last}}} {one.name} {section};"


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
    words, declared = set(c_text.WORD.findall(text)), c_text.declared_words(text)
    found = [
        f"#include <{header}>\n"
        for header, types in _STANDARD.items()
        if header not in text and words & types and not declared & types
    ]
    return "".join(found)
