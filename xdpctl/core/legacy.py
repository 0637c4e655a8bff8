"""Map definitions of older lessons (`struct bpf_map_def SEC("maps")`), shown in today's form."""

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_DEFINITION = re.compile(
    r"struct\s+\w+\s+(?:SEC\(\"maps\"\)\s*(?P<after>\w+)|(?P<before>\w+)\s+SEC\(\"maps\"\))"
    r"\s*=\s*\{(?P<body>[^}]*)\}\s*;"
)
_ENTRY = re.compile(r"\.\s*(\w+)\s*=\s*([^,]+?)\s*(?:,|$)")


@dataclass(frozen=True)
class LegacyMap:
    name: str
    line: int
    modern: str
    """The same map as libbpf 1.0 and later take it."""


def find(source: str) -> tuple[LegacyMap, ...]:
    """The legacy map definitions in a C source, as far as they are written out."""
    code = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), source)
    return tuple(
        LegacyMap(
            name=match["after"] or match["before"],
            line=code.count("\n", 0, match.start()) + 1,
            modern=_modern(match["after"] or match["before"], dict(_ENTRY.findall(match["body"]))),
        )
        for match in _DEFINITION.finditer(code)
    )


def _modern(name: str, entries: dict[str, str]) -> str:
    lines = ["struct {"]
    for entry, value in entries.items():
        size_of = re.fullmatch(r"sizeof\s*\(\s*(.+?)\s*\)", value)
        if entry in ("key_size", "value_size") and size_of:
            lines.append(f"\t__type({entry.removesuffix('_size')}, {size_of[1]});")
        else:
            lines.append(f"\t__uint({entry}, {value});")
    return "\n".join((*lines, f'}} {name} SEC(".maps");'))
