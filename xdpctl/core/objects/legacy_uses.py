"""Types of a map's keys and values, from how a program uses them: old definitions tell their sizes only."""

import re
from collections.abc import Iterator

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
_NO_SIZE = re.compile(r"sizeof\s*\(\s*(?P<of>[^()]+?)\s*\)")


def sized_type(size: str) -> str:
    """The type of which a size is said to be that; empty where it is only a number."""
    found = _NO_SIZE.fullmatch(size)
    if not found:
        return ""
    of = found["of"]
    return f"__typeof__({of})" if of.startswith(("*", "&")) or "->" in of or "." in of else of


def type_of(what: str, map_: str, size: str, code: str) -> str:
    """The type of a map's `key` or `value`; empty where the program doesn't show one of this size."""
    found = dict.fromkeys(_types(what, map_, code))
    return next((type_ for type_ in found if _fits(type_, size)), "")


def _fits(type_: str, size: str) -> bool:
    """Whether it isn't known to be of another size."""
    return not (size.isdigit() and type_ in SIZES and SIZES[type_] != int(size))


def _types(what: str, map_: str, code: str) -> Iterator[str]:
    argument = r"&?\s*\w+(?:\s*(?:->|\.)\s*\w+)*"
    calls = re.compile(
        rf"(?:bpf_)?map_(?:lookup|update|delete)_elem\s*\(\s*&\s*{map_}\s*,\s*(?P<key>{argument})\s*"
        rf"(?=[,)])(?:,\s*(?P<value>{argument})\s*(?=,))?"
    )
    for call in calls.finditer(code):
        if call[what]:
            yield from _argument(call[what], code, call.start())
        if what == "value" and "lookup" in call[0]:
            yield from _assigned(code, call.start())


def _argument(argument: str, code: str, before: int) -> Iterator[str]:
    """The type of what is pointed to: of a variable, or of a member of one."""
    variable, arrow, members = re.findall(r"^&?\s*(\w+)\s*(->|\.|)\s*(.*)", argument, re.S)[0]
    pointer = arrow == "->" if arrow else "&" not in argument
    for type_ in _declared(variable, code, before, pointer):
        if not arrow:
            yield type_
        elif "&" in argument:
            yield f"__typeof__((({type_} *)0)->{members})"


def _assigned(code: str, call: int) -> Iterator[str]:
    """The type of what a lookup's result is put into."""
    before = code[code.rfind(";", 0, call) + 1 : call]
    cast = re.search(rf"\(\s*(?:const\s+)?({_TYPE})\s*\*\s*\)\s*$", before)
    variable = re.search(r"(\w+)\s*=\s*(?:\([^()]*\)\s*)?$", before)
    if cast and cast[1] not in _NO_TYPES:
        yield _spaced(cast[1])
    if variable:
        yield from _declared(variable[1], code, call, pointer=True)


def _declared(variable: str, code: str, before: int, pointer: bool) -> Iterator[str]:
    """The type that a variable is last declared with."""
    star = r"\s*\*\s*" if pointer else r"\s+"
    first = r"[*]" if pointer else ""
    declaration = re.compile(
        rf"(?:^|[;{{}}(,]|\bconst|\bstatic)\s*(?P<type>{_TYPE}){star}"
        rf"(?:[^;{{}}()]*?,\s*{first}\s*)?{variable}\s*(?P<array>(?:\[[^\]]*\])*)\s*[=;,)]"
    )
    found = declaration.finditer(code, 0, before)
    types = [_spaced(m["type"]) + m["array"] for m in found if m["type"].split()[0] not in _NO_TYPES]
    yield from types[-1:]


def _spaced(type_: str) -> str:
    return " ".join(type_.split())
