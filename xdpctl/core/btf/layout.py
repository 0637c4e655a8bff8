"""What lies where in a type, member by member: whether two types are laid out alike, and mean the same."""

from collections.abc import Iterator, Mapping

from xdpctl.core.btf import known_types
from xdpctl.core.btf.types import ANONYMOUS, MODIFIERS, BtfDump, BtfType, Types

Members = Mapping[str, str]
"""By the path of each: what it is, and at which byte."""


def of_type(types: Types, type_id: int, path: str) -> Members:
    return dict(_members(types, type_id, path, 0))


def of_variables(dump: BtfDump, section: str, places: Mapping[str, int] | None = None) -> Members:
    """Global variables; in an object it is the table of symbols that tells where each is."""
    types = Types(dump.types)
    found: dict[str, str] = {}
    for variable in (v for t in dump.types if (t.kind, t.name) == ("DATASEC", section) for v in t.vars):
        name = types.types[variable.type_id].name
        at = variable.offset if places is None else places.get(name, 0)
        found.update(_members(types, variable.type_id, name, 8 * at))
    return found


def of_definition(dump: BtfDump, name: str) -> tuple[int, int]:
    """The types of key and value that a map is defined with; 0 where sizes alone are told."""
    types = Types(dump.types)
    variables = (t for s in dump.types if (s.kind, s.name) == ("DATASEC", ".maps") for t in s.vars)
    for variable in (types.types[v.type_id] for v in variables):
        defined = types.resolved(variable.type_id)
        if variable.name == name and defined is not None:
            pointers = {m.name: types.resolved(m.type_id) for m in defined.members}
            key, value = (pointers.get(what) for what in ("key", "value"))
            return (key.type_id if key else 0), (value.type_id if value else 0)
    return 0, 0


def differences(have: Members, want: Members) -> Iterator[str]:
    for path in dict.fromkeys((*have, *want)):
        if have.get(path) != want.get(path):
            yield f"{path}: {have.get(path, 'nothing')}, not {want.get(path, 'nothing')}"


def _members(types: Types, type_id: int, path: str, bits: int) -> Iterator[tuple[str, str]]:
    type_ = types.types.get(type_id)
    while type_ and type_.kind in (*MODIFIERS, "VAR", "TYPEDEF") and not _has_meaning(types, type_):
        type_ = types.types.get(type_.type_id)
    if type_ and type_.kind in ("STRUCT", "UNION") and not types.of_the_kernel(type_.id):
        for member in type_.members:
            inner = path if member.name in ANONYMOUS else f"{path}.{member.name}"
            at = bits + member.bits_offset
            if member.bitfield_size:
                yield inner, f"{member.bitfield_size} bits of {_word(types, member.type_id)}{_at(at)}"
            else:
                yield from _members(types, member.type_id, inner, at)
    elif type_ and type_.kind == "ARRAY":
        yield from _members(types, type_.type_id, f"{path}[{type_.nr_elems}]", bits)
    else:
        yield path, f"{_word(types, type_.id if type_ else 0)}{_at(bits)}"


def _has_meaning(types: Types, type_: BtfType) -> bool:
    """Whether bytes are read otherwise because of its name."""
    return type_.kind == "TYPEDEF" and types.size(type_.id) in known_types.SIZES.get(type_.name, ())


def _word(types: Types, type_id: int) -> str:
    type_ = types.types.get(type_id)
    while type_ and type_.kind in (*MODIFIERS, "VAR", "TYPEDEF") and not _has_meaning(types, type_):
        type_ = types.types.get(type_.type_id)
    if type_ is None:
        return "nothing"
    bits = 8 * types.size(type_.id)
    match type_.kind:
        case "INT" if type_.name == "char" or type_.encoding == "BOOL":
            return "char" if type_.name == "char" else "bool"
        case "INT":
            return f"{'s' if type_.is_signed else 'u'}{bits}"
        case "FLOAT":
            return f"f{bits}"
        case "ENUM" | "ENUM64":
            values = ", ".join(f"{value.name} {value.val}" for value in type_.values)
            return f"enum of {bits} bits ({values})"
        case "TYPEDEF" | "STRUCT" | "UNION":
            return type_.name
        case "PTR":
            return types.of_the_kernel(type_.id) or "pointer"
    return f"{bits // 8} bytes"


def _at(bits: int) -> str:
    byte, bit = divmod(bits, 8)
    return (f" at byte {byte}" if bits else "") + (f", bit {bit}" if bit else "")
