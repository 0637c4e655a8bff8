"""C of older lessons as libbpf 1.0 and later take it: the whole file, but for its maps as it was."""

import re
from collections.abc import Callable

from xdpctl.core.objects import legacy
from xdpctl.core.objects.legacy import Definition

_INCLUDE = re.compile(
    r'^(?P<start>[ \t]*#[ \t]*include[ \t]*)(?P<open>[<"])(?P<name>[^>"\n]+)[>"][^\n]*\n?', re.M
)
HELPERS = "bpf/bpf_helpers.h"
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
    """A source and the texts of the headers beside it: what those declare isn't declared again."""
    code = legacy.without_comments(source)
    found = legacy.definitions(code)
    text = source
    bare = "SEC(" not in code and _OWN_HELPERS.search(code + headers)
    section = '__attribute__((section(".maps"), used))' if bare else 'SEC(".maps")'
    for one in reversed(found):
        text = text[: one.start] + _definition(one, source, code, found, section) + text[one.end :]
    text = legacy.long_types(text, source + headers)
    return _with_macros(_includes(text, place), headers)


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
    """As seen from where the file will be; libbpf's headers lay beside the sources in former times."""

    def include(match: re.Match[str]) -> str:
        name = match["name"]
        found = place(name, match["open"] == '"')
        if found is None and name.rpartition("/")[2] == _OF_IPROUTE2:
            return ""
        if found is None:
            libbpf = place(f"bpf/{name.rpartition('/')[2]}", False)
            found = libbpf if libbpf else f"{match['open']}{name}{'>' if match['open'] == '<' else chr(34)}"
        return f"{match['start']}{found}\n"

    return _INCLUDE.sub(include, text)


def _with_macros(text: str, headers: str) -> str:
    """What the definitions are written with."""
    if HELPERS in text + headers or "vmlinux.h" in text:
        needed = "" if HELPERS in text + headers else f"#include <{HELPERS}>\n"
    elif _OWN_HELPERS.search(text + headers):
        needed = MACROS
    else:
        needed = f"#include <{HELPERS}>\n"
    if needed and "linux/bpf.h" not in text + headers and "vmlinux.h" not in text:
        needed = f"#include <linux/bpf.h>\n{needed}"
    last = max((match.end() for match in _INCLUDE.finditer(text)), default=0)
    return text[:last] + needed + text[last:]
