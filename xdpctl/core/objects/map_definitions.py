"""The definitions of an object's maps: they are types, in its BTF."""

import struct
from collections.abc import Iterator

from msgspec import Struct

_PTR, _ARRAY, _STRUCT, _TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _FUNC = 2, 3, 4, 8, 9, 10, 11, 12
_VAR, _DATASEC = 14, 15
_ALIASES = (_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, 18)
_SIZED = (1, _STRUCT, 5, 6, 16, 19)
_AFTER = {1: 4, _ARRAY: 12, _VAR: 4, 17: 4}
_AFTER_EACH = {_STRUCT: 12, 5: 12, 6: 8, 13: 8, _DATASEC: 12, 19: 12}
"""How many bytes follow the common twelve of a type of this kind; and of each of its members."""
_KINDS = range(1, 20)
_PIN_BY_NAME = 1
_EXTERNAL = 2


class Patch(Struct, frozen=True):
    """Bytes that are others in a copy."""

    at: int
    data: bytes


class MapDefinition(Struct, frozen=True):
    """What libbpf is asked for; what isn't told is 0."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int
    unpinning: Patch | None = None
    """Of one that asks to be pinned, __uint(pinning, LIBBPF_PIN_BY_NAME): what makes its BTF ask no more."""


class _Type(Struct, frozen=True):
    name: str
    kind: int
    refers_to: int
    """The type that it is made of, if it is made of one; a size otherwise."""
    count: int
    """The members of a struct, the elements of an array."""
    members: int
    """Where those are told."""


_VOID = _Type(name="", kind=0, refers_to=0, count=0, members=0)


class Btf:
    """Damaged BTF raises what `struct` and indexing raise, or a ValueError."""

    def __init__(self, data: bytes, order: str) -> None:
        self.data, self.order = data, order
        header, types, size, strings = self._at("IIII", 4)
        self.strings = header + strings
        self.types = [_VOID, *self._read(header + types, header + types + size)]

    def resolved_by_kernel(self) -> frozenset[str]:
        """What is declared with __ksym or __kconfig, and thus found when the program is loaded."""
        return frozenset(self._names_in(".ksyms", ".kconfig"))

    def external_variables(self) -> frozenset[str]:
        variables = (type_ for type_ in self.types if type_.kind == _VAR)
        return frozenset(v.name for v in variables if self._at("I", v.members)[0] == _EXTERNAL)

    def without_result(self) -> frozenset[str]:
        """The functions that return void."""
        functions = (type_ for type_ in self.types if type_.kind == _FUNC)
        return frozenset(f.name for f in functions if self.types[f.refers_to].refers_to == 0)

    def _names_in(self, *sections: str) -> Iterator[str]:
        for section in self.types:
            if section.kind == _DATASEC and section.name in sections:
                yield from (self.types[number].name for number, _, _ in self._members(section))

    def definitions(self) -> Iterator[MapDefinition]:
        """What maps are declared with: __uint, __type and __array make members of a struct."""
        sections = [type_ for type_ in self.types if type_.kind == _DATASEC and type_.name == ".maps"]
        variables = [self.types[number] for section in sections for number, _, _ in self._members(section)]
        for variable in variables:
            if variable.kind == _VAR and (defined := self._meant(variable.refers_to)).kind == _STRUCT:
                yield self._definition(variable.name, defined)

    def _definition(self, name: str, defined: _Type) -> MapDefinition:
        members = [(self._string(name), type_) for name, type_, _ in self._members(defined)]
        types = dict(members)
        told = {member: self._number(type_) or 0 for member, type_ in members}
        unpinning = None
        if told.get("pinning") == _PIN_BY_NAME:
            pinning, again = (self._place(defined, members, name) for name in ("pinning", "type"))
            unpinning = Patch(pinning, self.data[again : again + 8])
        return MapDefinition(
            name=name,
            type=told.get("type", 0),
            key_size=self._size("key", types, told),
            value_size=self._size("value", types, told),
            max_entries=told.get("max_entries", 0),
            flags=told.get("map_flags", 0),
            unpinning=unpinning,
        )

    def _place(self, defined: _Type, members: list[tuple[str, int]], name: str) -> int:
        """Where a member is told; the first, if there is none of that name."""
        return defined.members + 12 * next((i for i, one in enumerate(members) if one[0] == name), 0)

    def _size(self, what: str, types: dict[str, int], told: dict[str, int]) -> int:
        """As __uint(key_size, …) or __type(key, …) tells it."""
        if what not in types:
            return told.get(f"{what}_size", 0)
        number, size = self._meant(types[what]).refers_to, 1
        for _ in self.types:
            type_ = self._meant(number)
            if type_.kind != _ARRAY:
                return size * (8 if type_.kind == _PTR else type_.refers_to if type_.kind in _SIZED else 0)
            size, number = size * type_.count, self._at("I", type_.members)[0]
        raise ValueError("arrays in a circle")

    def _number(self, member: int) -> int | None:
        """What __uint wraps: int (*name)[number]."""
        pointer = self._meant(member)
        if pointer.kind != _PTR:
            return None
        array = self.types[pointer.refers_to]
        return array.count if array.kind == _ARRAY else None

    def _meant(self, number: int) -> _Type:
        """The type behind typedefs and qualifiers."""
        found = self.types[number]
        for _ in self.types:
            if found.kind not in _ALIASES:
                return found
            found = self.types[found.refers_to]
        raise ValueError("typedefs in a circle")

    def _members(self, of: _Type) -> Iterator[tuple[int, ...]]:
        """Of a struct: name, type, offset; of a section: type, offset, size."""
        return (self._at("III", of.members + 12 * i) for i in range(of.count))

    def _read(self, at: int, end: int) -> Iterator[_Type]:
        while at < end:
            name, info, refers_to = self._at("III", at)
            at += 12
            kind, count = info >> 24 & 31, info & 0xFFFF
            if kind not in _KINDS:
                raise ValueError(f"types of kind {kind}")
            after = _AFTER.get(kind, 0) + _AFTER_EACH.get(kind, 0) * count
            if kind == _ARRAY:
                count = self._at("III", at)[2]
            yield _Type(name=self._string(name), kind=kind, refers_to=refers_to, count=count, members=at)
            at += after

    def _at(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + layout, self.data, offset)

    def _string(self, offset: int) -> str:
        start = self.strings + offset
        return self.data[start : self.data.index(b"\0", start)].decode()
