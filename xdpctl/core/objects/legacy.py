"""Maps of older lessons and of iproute2 (`struct … SEC("maps")`), in today's form."""

import re

from msgspec import Struct

from xdpctl.core.objects import c_text
from xdpctl.core.objects.legacy_maps import Definition, LegacyMaps, MadeByMacro, Setting
from xdpctl.core.objects.legacy_uses import Uses, sized_type

_OTHER_OR_SHORT = re.compile(
    rf"{c_text.TEXT_OR_COMMENT.pattern}|(?:\.|->|\bstruct\s)\s*+\w++|(?P<short>\b[us](?:8|16|32|64)\b)", re.S
)
_SHORT = frozenset(f"{sign}{bits}" for sign in "us" for bits in (8, 16, 32, 64))
TODAY = {"size_key": "key_size", "size_value": "value_size", "max_elem": "max_entries", "flags": "map_flags"}
"""What iproute2 calls otherwise."""
KEPT = ("type", "max_entries", "map_flags", "numa_node", "map_extra")
VALUES = "__array"
"""A member that C wants at the end."""
NOT_PINNED = ("0", "PIN_NONE")


class LegacyMap(Struct, frozen=True):
    name: str
    line: int
    modern: str
    """The same map as libbpf 1.0 and later take it."""


def find(source: str) -> tuple[LegacyMap, ...]:
    """The legacy map definitions in a C source, as far as they are written out."""
    code = c_text.without_comments(source)
    maps = LegacyMaps(code).definitions
    if not maps:
        return ()
    today, lines, declared = Today(code, maps), c_text.LineNumbers(code), declared_types(code)
    return tuple(
        LegacyMap(one.name, lines.of(one.start), long_types(today.definition(one), declared)) for one in maps
    )


def made_by_macros(source: str) -> tuple[MadeByMacro, ...]:
    """Where macros define such maps, which `find` doesn't see."""
    return LegacyMaps(c_text.without_comments(source)).made_by_macros


def long_types(text: str, declared: frozenset[str]) -> str:
    """u32 and its like belong to the kernel's own sources: __u32, where they aren't declared."""
    return _OTHER_OR_SHORT.sub(lambda m: f"__{m[0]}" if m["short"] and m[0] not in declared else m[0], text)


def declared_types(text: str) -> frozenset[str]:
    """At least those that a source declares."""
    return c_text.declared_words(text) | (_SHORT if "vmlinux.h" in text else frozenset())


class Today:
    """How the maps of a source are written today."""

    def __init__(self, code: str, maps: tuple[Definition, ...]) -> None:
        self._code, self._uses = code, Uses(code)
        self._inner: dict[str, Definition] = {}
        """By the id that iproute2 knows it by."""
        for one in maps:
            if id_ := next((e.value for e in one.entries if e.name == "id"), ""):
                self._inner.setdefault(id_, one)

    def definition(self, one: Definition) -> str:
        lines = [self.entry(entry, one) for entry in one.entries]
        lines = sorted(lines, key=lambda line: line.startswith(VALUES))
        lines = lines or self._code[slice(*one.body)].splitlines()
        inside = (f"\t{line.strip()}" for line in lines if line.strip())
        return "\n".join(("struct {", *inside, f'}} {one.name} SEC(".maps");'))

    def entry(self, entry: Setting, of: Definition) -> str:
        """The line for an entry; empty where today's form has none."""
        name, value = TODAY.get(entry.name, entry.name), entry.value
        if name in ("key_size", "value_size"):
            what = name.removesuffix("_size")
            type_ = sized_type(value) or self._uses.type_of(what, of.name, value)
            if type_:
                return f"__type({what}, {type_});"
            return "" if value == "0" else f"__uint({name}, {value});"
        if name == "pinning":
            return "" if value in NOT_PINNED else "__uint(pinning, LIBBPF_PIN_BY_NAME);"
        if name == "inner_id":
            inner = self._inner.get(value)
            known = inner is not None and inner.start < of.start and value != "0"
            return f"{VALUES}(values, __typeof__({inner.name}));" if inner and known else ""
        return f"__uint({name}, {value});" if name in KEPT and (name in KEPT[:2] or value != "0") else ""
