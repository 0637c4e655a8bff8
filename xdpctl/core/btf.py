"""BTF, as `bpftool -j btf dump` prints it: what the bytes of keys and values mean."""

import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from xdpctl.core import meanings
from xdpctl.core.meanings import Merger, Reader, Value, hexadecimal, unsigned

ANONYMOUS = ("(anon)", "")
"""How bpftool names a struct or union in another one whose members are used as the outer one's."""
MODIFIERS = ("CONST", "VOLATILE", "RESTRICT", "TYPE_TAG")


class Member(Struct, frozen=True):
    name: str
    type_id: int
    bits_offset: int = 0
    bitfield_size: int = 0


class EnumValue(Struct, frozen=True):
    name: str
    val: int


class Variable(Struct, frozen=True):
    type_id: int
    offset: int
    size: int


class BtfType(Struct, frozen=True):
    id: int
    kind: str
    name: str = ""
    size: int = 0
    type_id: int = 0
    encoding: str = ""
    nr_elems: int = 0
    members: tuple[Member, ...] = ()
    values: tuple[EnumValue, ...] = ()
    vars: tuple[Variable, ...] = ()


class BtfDump(Struct, frozen=True):
    types: tuple[BtfType, ...]


class Types:
    """All types of one BTF object, and how to read each."""

    def __init__(self, types: tuple[BtfType, ...], raw: bool = False, boot: int = 0) -> None:
        self.types: Mapping[int, BtfType] = {t.id: t for t in types}
        self.raw = raw
        self.boot = boot

    @cached_property
    def _readers(self) -> dict[str, Callable[[BtfType], Reader]]:
        return {
            "INT": self._int,
            "ENUM": self._enum,
            "ENUM64": self._enum,
            "TYPEDEF": self._typedef,
            "STRUCT": self._struct,
            "UNION": self._struct,
            "ARRAY": self._array,
            "DATASEC": self._datasec,
            "VAR": lambda t: self.reader(t.type_id),
            **dict.fromkeys(MODIFIERS, lambda t: self.reader(t.type_id)),
        }

    def reader(self, type_id: int) -> Reader:
        """How to read the bytes of a type."""
        type_ = self.types.get(type_id)
        make = self._readers.get(type_.kind) if type_ else None
        return make(type_) if make and type_ else hexadecimal

    def merger(self, type_id: int) -> Merger:
        """How to make one value, already read, of those of all CPUs."""
        type_ = self.types.get(type_id)
        if type_ is None or type_.kind not in ("STRUCT", "TYPEDEF", *MODIFIERS):
            return meanings.total
        if type_.kind != "STRUCT":
            return meanings.MERGERS.get(type_.name) or self.merger(type_.type_id)
        of_members = {member.name: self.merger(member.type_id) for member in type_.members}

        def merge(values: list[Any]) -> Value:
            if not all(isinstance(value, dict) for value in values):
                return meanings.total(values)
            return {
                name: of_members.get(name, meanings.total)([value[name] for value in values])
                for name in values[0]
            }

        return merge

    def size(self, type_id: int) -> int:
        type_ = self.types.get(type_id)
        if type_ is None:
            return 0
        if type_.kind == "ARRAY":
            return type_.nr_elems * self.size(type_.type_id)
        if type_.kind == "PTR":
            return 8
        return type_.size or self.size(type_.type_id)

    def _int(self, type_: BtfType) -> Reader:
        if type_.encoding == "BOOL":
            return lambda data: any(data)
        return signed if type_.encoding == "SIGNED" else unsigned

    def _enum(self, type_: BtfType) -> Reader:
        if self.raw:
            return unsigned
        mask = (1 << 8 * type_.size) - 1
        names = {value.val & mask: value.name for value in type_.values}
        return lambda data: names.get(unsigned(data), unsigned(data))

    def _typedef(self, type_: BtfType) -> Reader:
        if self.raw or self.size(type_.type_id) not in meanings.SIZES.get(type_.name, ()):
            return self._plain_typedef(type_)
        if type_.name in meanings.OF_TIMES:
            return meanings.time_since_boot(self.boot)
        return meanings.OF_TYPEDEFS[type_.name]

    def _plain_typedef(self, type_: BtfType) -> Reader:
        in_network_order = type_.name in meanings.IN_NETWORK_ORDER
        return hexadecimal if in_network_order else self.reader(type_.type_id)

    def _struct(self, type_: BtfType) -> Reader:
        if type_.name == "in6_addr":
            return hexadecimal if self.raw else meanings.ipv6
        if struct_with_meaning(type_) and not self.raw:
            return meanings.OF_STRUCTS[_named(type_)]
        members = [(m.name, self._member(m)) for m in type_.members]

        def read_struct(data: bytes) -> Value:
            whole: dict[str, Any] = {}
            for name, read in members:
                part = read(data)
                whole.update(part if name in ANONYMOUS and isinstance(part, dict) else {name: part})
            return whole

        return read_struct

    def _member(self, member: Member) -> Reader:
        read, size = self.reader(member.type_id), self.size(member.type_id)
        if member.bitfield_size:
            return bitfield(read, member.bits_offset, member.bitfield_size, size)
        start = member.bits_offset // 8
        return lambda data: read(data[start : start + size])

    def _array(self, type_: BtfType) -> Reader:
        if self._is_char(type_.type_id) and not self.raw:
            return text
        read, size = self.reader(type_.type_id), self.size(type_.type_id)
        return lambda data: [read(data[i * size : (i + 1) * size]) for i in range(type_.nr_elems)]

    def _datasec(self, type_: BtfType) -> Reader:
        parts = [(self.types[v.type_id].name, v, self.reader(v.type_id)) for v in type_.vars]
        return lambda data: {name: read(data[v.offset : v.offset + v.size]) for name, v, read in parts}

    def _is_char(self, type_id: int) -> bool:
        type_ = self.types.get(type_id)
        while type_ and type_.kind in MODIFIERS:
            type_ = self.types.get(type_.type_id)
        return type_ is not None and type_.kind == "INT" and type_.name == "char"


def _named(type_: BtfType) -> tuple[str, tuple[str, ...]]:
    return type_.name, tuple(member.name for member in type_.members)


def struct_with_meaning(type_: BtfType) -> str:
    """The name of a struct that is known by it and its members."""
    return type_.name if _named(type_) in meanings.OF_STRUCTS else ""


def bitfield(read: Reader, first: int, width: int, size: int) -> Reader:
    """Reads bits, spread out to the size of their type."""

    def read_bits(data: bytes) -> Value:
        bits = unsigned(data) >> first & (1 << width) - 1
        if read is signed and bits >> width - 1:
            bits |= -1 << width & (1 << 8 * size) - 1
        return read(bits.to_bytes(size, sys.byteorder))

    return read_bits


def signed(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder, signed=True)


def text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode(errors="replace")
