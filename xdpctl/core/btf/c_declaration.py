"""Types as C declares them, from BTF."""

from collections.abc import Iterator

from xdpctl.core.btf.types import ANONYMOUS, MODIFIERS, BtfType, MapTypes, Member, Types

_WORDS = {"STRUCT": "struct", "UNION": "union", "ENUM": "enum", "ENUM64": "enum", "FWD": "struct"}
_INDENT = "    "


def key_and_value(of_map: MapTypes) -> tuple[str, str]:
    """The types of a map's elements; nothing where they aren't known."""
    if not of_map.known:
        return "", ""
    types, (key, value) = Types(of_map.everything.types), of_map.key_and_value.types
    return declared(types, key.id), declared(types, value.id)


def declared(types: Types, type_id: int) -> str:
    """A type with its members, if it has any; what it is made of goes by its name. Nothing for void."""
    type_ = types.types.get(type_id)
    if type_ is None or type_.kind == "VOID":
        return ""
    if type_.kind == "TYPEDEF":
        meant = types.types.get(type_.type_id)
        named = meant is not None and meant.name not in ANONYMOUS and meant.kind not in ("STRUCT", "UNION")
        return type_.name if named else f"{type_.name}, which is {declared(types, type_.type_id)}"
    if type_.kind == "DATASEC":
        variables = (_named(types, v.type_id, types.types[v.type_id].name) for v in type_.vars)
        return "\n".join(f"{variable};" for variable in variables)
    return (
        "\n".join(_with_members(types, type_))
        if type_.kind in ("STRUCT", "UNION")
        else _named(types, type_id)
    )


def _with_members(types: Types, type_: BtfType) -> Iterator[str]:
    yield f"{_name(type_)} {{"
    for member in type_.members:
        first, *more = _member(types, member).split("\n")
        yield from (_INDENT + line for line in (first, *more))
    yield "}"


def _member(types: Types, member: Member) -> str:
    bits = f" : {member.bitfield_size}" if member.bitfield_size else ""
    name = "" if member.name in ANONYMOUS else member.name
    return f"{_named(types, member.type_id, name)}{bits};"


def _named(types: Types, type_id: int, name: str = "") -> str:
    """`__u32 name`, `char name[8]`; a struct without a name is told with its members."""
    type_ = types.types.get(type_id)
    if type_ is None:
        return _joined("void", name)
    if type_.kind == "ARRAY":
        return _named(types, type_.type_id, f"{name}[{type_.nr_elems}]")
    if type_.kind == "PTR":
        return _named(types, type_.type_id, f"*{name}")
    if type_.kind in MODIFIERS or type_.kind == "VAR":
        return _named(types, type_.type_id, name)
    if type_.kind in ("STRUCT", "UNION") and type_.name in ANONYMOUS:
        body = "\n".join(_with_members(types, type_))
        return _joined(body, name)
    return _joined(_name(type_), name)


def _joined(what: str, name: str) -> str:
    return f"{what}{name}" if not name or name.startswith("[") else f"{what} {name}"


def _name(type_: BtfType) -> str:
    name = "" if type_.name in ANONYMOUS else type_.name
    return f"{_WORDS.get(type_.kind, '')} {name}".strip()
