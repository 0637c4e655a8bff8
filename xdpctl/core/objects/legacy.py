"""Map definitions of older lessons (`struct bpf_map_def SEC("maps")`), shown in today's form."""

import re

from msgspec import Struct

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_DEFINITION = re.compile(
    r"struct\s+\w+\s+(?:SEC\(\"maps\"\)\s*(?P<after>\w+)|(?P<before>\w+)\s+SEC\(\"maps\"\))"
    r"\s*=\s*\{(?P<body>[^}]*)\}\s*;"
)
_UNDOTTED = re.compile(r"struct\s*\{(?P<body>[^}]*)\}\s*(?P<name>\w+)\s+SEC\(\"maps\"\)\s*;")
"""A definition in today's form, but in the section of former times."""
_ENTRY = re.compile(r"\.\s*(\w+)\s*=\s*([^,]+?)\s*(?:,|$)")
_POSITIONS = ("type", "key_size", "value_size", "max_entries", "map_flags")


class LegacyMap(Struct, frozen=True):
    name: str
    line: int
    modern: str
    """The same map as libbpf 1.0 and later take it."""


def find(source: str) -> tuple[LegacyMap, ...]:
    """The legacy map definitions in a C source, as far as they are written out."""
    code = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), source)
    found = [(m, m["after"] or m["before"], _translated(m["body"])) for m in _DEFINITION.finditer(code)]
    found += [(m, m["name"], m["body"].splitlines()) for m in _UNDOTTED.finditer(code)]
    return tuple(
        LegacyMap(name, code.count("\n", 0, match.start()) + 1, _modern(name, lines))
        for match, name, lines in sorted(found, key=lambda one: one[0].start())
    )


def _translated(body: str) -> list[str]:
    values = [value.strip() for value in body.split(",")]
    entries = dict(_ENTRY.findall(body)) or dict(zip(_POSITIONS, values, strict=False))
    lines = []
    for entry, value in entries.items():
        size_of = re.fullmatch(r"sizeof\s*\(\s*(.+?)\s*\)", value)
        if entry in ("key_size", "value_size") and size_of:
            lines.append(f"__type({entry.removesuffix('_size')}, {size_of[1]});")
        else:
            lines.append(f"__uint({entry}, {value});")
    return lines


def _modern(name: str, lines: list[str]) -> str:
    inside = (f"\t{line.strip()}" for line in lines if line.strip())
    return "\n".join(("struct {", *inside, f'}} {name} SEC(".maps");'))
