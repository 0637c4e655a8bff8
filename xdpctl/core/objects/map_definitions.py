"""What the definitions of an object's maps ask of libbpf: they are types, in its BTF."""

import struct
from collections.abc import Iterator

from msgspec import Struct

_PTR, _ARRAY, _STRUCT, _TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _FUNC, _VAR, _DATASEC = (
    2,
    3,
    4,
    8,
    9,
    10,
    11,
    12,
    14,
    15,
)
_ALIASES = (_TYPEDEF, _VOLATILE, _CONST, _RESTRICT)
_AFTER = {1: 4, _ARRAY: 12, _VAR: 4, 17: 4}
_AFTER_EACH = {_STRUCT: 12, 5: 12, 6: 8, 13: 8, _DATASEC: 12, 19: 12}
"""How many bytes follow the common twelve of a type of this kind; and of each of its members."""
_KINDS = range(1, 20)
_PIN_BY_NAME = 1


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


def pinned_by_name(btf: bytes, order: str) -> bool:
    """Whether a map asks libbpf to pin it: __uint(pinning, LIBBPF_PIN_BY_NAME).

    Damaged BTF raises what `struct` and indexing raise, or a ValueError.
    """
    return _Btf(btf, order).pins()


def map_types(btf: bytes, order: str) -> dict[str, int]:
    """The type of each map, as the number that the kernel knows it by."""
    return dict(_Btf(btf, order).map_types())


def resolved_by_kernel(btf: bytes, order: str) -> frozenset[str]:
    """What is declared with __ksym or __kconfig, and thus found when the program is loaded."""
    return frozenset(_Btf(btf, order).members_of(".ksyms", ".kconfig"))


def without_result(btf: bytes, order: str) -> frozenset[str]:
    """The functions that return void."""
    types = _Btf(btf, order).types
    return frozenset(t.name for t in types if t.kind == _FUNC and types[t.refers_to].refers_to == 0)


class _Btf:
    def __init__(self, data: bytes, order: str) -> None:
        self.data, self.order = data, order
        header, types, size, strings = self._at("IIII", 4)
        self.strings = header + strings
        self.types = [_VOID, *self._read(header + types, header + types + size)]

    def pins(self) -> bool:
        return any(
            self._string(name) == "pinning" and self._number(type_) == _PIN_BY_NAME
            for definition in self._definitions()
            for name, type_, _ in self._members(definition)
        )

    def map_types(self) -> Iterator[tuple[str, int]]:
        for section in self.types:
            if section.kind == _DATASEC and section.name == ".maps":
                for variable in (self.types[number] for number, _, _ in self._members(section)):
                    for name, type_, _ in self._members(self._meant(variable.refers_to)):
                        number = self._number(type_) if self._string(name) == "type" else None
                        if number is not None:
                            yield variable.name, number

    def members_of(self, *sections: str) -> Iterator[str]:
        for section in self.types:
            if section.kind == _DATASEC and section.name in sections:
                yield from (self.types[number].name for number, _, _ in self._members(section))

    def _definitions(self) -> set[_Type]:
        """What maps are declared with: __uint, __type and __array make members of a struct."""
        sections = [type_ for type_ in self.types if type_.kind == _DATASEC and type_.name == ".maps"]
        variables = [self.types[number] for section in sections for number, _, _ in self._members(section)]
        definitions = {self._meant(variable.refers_to) for variable in variables if variable.kind == _VAR}
        return {definition for definition in definitions if definition.kind == _STRUCT}

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
