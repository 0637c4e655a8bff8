"""BTF, as `bpftool -j btf dump` prints it: what the bytes of keys and values mean."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property, reduce
from itertools import chain
from operator import or_
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.btf import known_types, names
from xdpctl.core.btf.columns import Column, Leaf, Record, each_of, merger, one
from xdpctl.core.btf.readers import FORMS, bitfield, floating, named, number, text
from xdpctl.core.machine.model import U32
from xdpctl.core.values.formats import Reader, hexadecimal, ipv6, mac, network_order, unsigned

ANONYMOUS = ("(anon)", "")
"""How bpftool names a struct or union in another one whose members are used as the outer one's."""
MODIFIERS = ("CONST", "VOLATILE", "RESTRICT", "TYPE_TAG")
OF_THE_KERNEL = frozenset(
    f"bpf_{name}" for name in "spin_lock res_spin_lock timer wq list_head rb_root refcount task_work".split()
)
KERNEL_POINTERS = ("kptr", "kptr_untrusted", "kptr_ref", "percpu_kptr")
NAMING = ("TYPEDEF", "VAR", *MODIFIERS)


Number = Annotated[int, U32]


class Member(Struct, frozen=True):
    name: str
    type_id: Number
    bits_offset: Number = 0
    bitfield_size: Number = 0


class EnumValue(Struct, frozen=True):
    name: str
    val: int


class Variable(Struct, frozen=True):
    type_id: Number
    offset: Number
    size: Number


class BtfType(Struct, frozen=True):
    id: Number
    kind: str
    name: str = ""
    size: Number = 0
    type_id: Number = 0
    encoding: str = ""
    nr_elems: Number = 0
    members: tuple[Member, ...] = ()
    values: tuple[EnumValue, ...] = ()
    vars: tuple[Variable, ...] = ()

    @property
    def member_names(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members)

    @property
    def is_signed(self) -> bool:
        """clang before 15 doesn't say so of enums: there, a value that fills 32 bits is taken as negative."""
        return self.encoding == "SIGNED" or (
            self.kind == "ENUM" and any(v.val >> 31 & 1 for v in self.values)
        )

    @property
    def names_are_cut(self) -> bool:
        """clang before 15 writes down but 32 bits of the values of an enum of 64."""
        return self.kind == "ENUM" and self.size > 4


class BtfDump(Struct, frozen=True):
    types: tuple[BtfType, ...]


class Types:
    """All types of one BTF object, and how to read each."""

    def __init__(self, types: tuple[BtfType, ...], raw: bool = False, boot: int = 0) -> None:
        self.types: Mapping[int, BtfType] = {t.id: t for t in types}
        self.raw = raw
        self.boot = boot
        self._solid: dict[int, int] = {}

    @cached_property
    def _makers(self) -> dict[str, Callable[[BtfType, str], Column]]:
        return {
            "INT": self._int,
            "ENUM": self._enum,
            "ENUM64": self._enum,
            "FLOAT": self._float,
            "PTR": lambda t, _: _no_sum(number(self.size(t.id), False)),
            "TYPEDEF": self._typedef,
            "STRUCT": self._struct,
            "UNION": self._struct,
            "ARRAY": self._array,
            "DATASEC": self._datasec,
            **dict.fromkeys(("VAR", *MODIFIERS), lambda t, name: self.column(t.type_id, name)),
        }

    def column(self, type_id: int, name: str = "") -> Column:
        """How to read what is of a type; the name is that of a member, a whole key or value has none."""
        type_ = self.types.get(type_id)
        make = self._makers.get(type_.kind) if type_ else None
        return make(type_, name) if make and type_ else _no_sum(Leaf(self.size(type_id), hexadecimal))

    def size(self, type_id: int) -> int:
        type_ = self.types.get(type_id)
        if type_ is None:
            return 0
        if type_.kind == "ARRAY":
            return type_.nr_elems * self.size(type_.type_id)
        if type_.kind == "PTR":
            return 8
        return type_.size or self.size(type_.type_id)

    def _int(self, type_: BtfType, name: str) -> Column:
        if type_.encoding == "BOOL":
            return _no_sum(Leaf(type_.size, lambda data: any(data)))
        found = number(type_.size, type_.is_signed)
        return found if names.counts(name) else _no_sum(found)

    def _float(self, type_: BtfType, _name: str) -> Column:
        return floating(type_.size) if type_.size in FORMS else _no_sum(Leaf(type_.size, hexadecimal))

    def _enum(self, type_: BtfType, _name: str) -> Column:
        if self.raw:
            return _no_sum(replace(number(type_.size, type_.is_signed), names=True))
        mask = (1 << 8 * type_.size) - 1
        known = () if type_.names_are_cut else type_.values
        by_number = {value.val & mask: value.name for value in known}
        return _no_sum(named(type_.size, by_number, type_.is_signed))

    def _typedef(self, type_: BtfType, name: str) -> Column:
        name = names.inner_name(type_.name, name)
        column, size = self._plain_typedef(type_, name), self.size(type_.type_id)
        known = size in known_types.SIZES.get(type_.name, ())
        if known and not self.raw:
            column = _no_sum(Leaf(size, self._meaning(type_, name)))
        if not isinstance(column, Leaf):
            return column
        merge = known_types.MERGERS.get(type_.name, column.merge)
        shown_otherwise = column.names or (known and type_.name in known_types.WITH_NAMES)
        return replace(column, merge=merge, names=shown_otherwise and not names.is_number(type_.name, name))

    def _meaning(self, type_: BtfType, name: str) -> Reader:
        if type_.name in known_types.OF_TIMES:
            return known_types.time_since_boot(self.boot)
        return network_order if names.is_number(type_.name, name) else known_types.OF_TYPEDEFS[type_.name]

    def _plain_typedef(self, type_: BtfType, name: str) -> Column:
        if type_.name in known_types.IN_NETWORK_ORDER:
            return _no_sum(Leaf(self.size(type_.type_id), hexadecimal))
        return self.column(type_.type_id, name)

    def _struct(self, type_: BtfType, _name: str) -> Column:
        if is_ipv6(type_):
            return _no_sum(Leaf(type_.size, hexadecimal if self.raw else ipv6))
        if struct_with_meaning(type_) and not self.raw:
            return _no_sum(Leaf(type_.size, known_types.OF_STRUCTS[_named(type_)]))
        shown = (member for member in type_.members if not self.of_the_kernel(member.type_id))
        of_all = type_.member_names
        found = (self._member(member, names.member_name(member.name, of_all)) for member in shown)
        return Record(type_.size, tuple(chain.from_iterable(found)))

    def _member(self, member: Member, called: str) -> Iterator[tuple[str, int, Column]]:
        """One, or those of a struct without a name."""
        at, column = member.bits_offset // 8, self.column(member.type_id, called)
        if member.bitfield_size:
            first, is_signed = member.bits_offset % 8, self.is_signed(member.type_id)
            yield member.name, at, _no_sum(bitfield(column, first, member.bitfield_size, is_signed))
        elif member.name in ANONYMOUS and isinstance(column, Record):
            yield from ((inner, at + place, part) for inner, place, part in column.members)
        else:
            yield member.name, at, column

    def _array(self, type_: BtfType, name: str) -> Column:
        size = self.size(type_.id)
        item = self.column(type_.type_id, name)
        if self._is_int(type_.type_id, "char", MODIFIERS) and not self.raw:
            return _no_sum(text(item, size))
        if self._is_mac(type_, name) and not self.raw:
            return _no_sum(Leaf(size, mac))
        if not size:
            return Leaf(0, lambda _: [])
        merge = each_of(merger(item))
        return Leaf(size, lambda data: item.values(data, item.size), merge=merge)

    def _datasec(self, type_: BtfType, _name: str) -> Column:
        shown = ((v, self.types[v.type_id].name) for v in type_.vars if not self.of_the_kernel(v.type_id))
        return Record(type_.size, tuple((name, v.offset, self.column(v.type_id, name)) for v, name in shown))

    def _is_mac(self, type_: BtfType, name: str) -> bool:
        """Six bytes that are called so, or are a whole key or value."""
        of_bytes = type_.nr_elems == 6 and self._is_int(type_.type_id, "unsigned char")
        return of_bytes and names.is_mac(name)

    def _is_int(self, type_id: int, name: str, through: Collection[str] = NAMING) -> bool:
        type_ = self.resolved(type_id, through)
        return type_ is not None and (type_.kind, type_.name) == ("INT", name)

    def is_signed(self, type_id: int) -> bool:
        type_ = self.resolved(type_id)
        return type_ is not None and type_.is_signed

    def of_the_kernel(self, type_id: int) -> str:
        """The name of a lock, a timer and the like: what only the kernel reads and writes in a map."""
        type_ = self.resolved(type_id)
        if type_ is None:
            return ""
        if type_.kind == "ARRAY":
            return self.of_the_kernel(type_.type_id)
        if type_.kind == "PTR":
            tag = self.types.get(type_.type_id)
            return tag.name if tag and tag.kind == "TYPE_TAG" and tag.name in KERNEL_POINTERS else ""
        return type_.name if type_.kind == "STRUCT" and type_.name in OF_THE_KERNEL else ""

    def padding(self, type_id: int) -> bytes:
        """In the size of a type, the bits that are padding, or that bitfields leave."""
        size = self.size(type_id)
        return ((1 << 8 * size) - 1 & ~self.solid(type_id)).to_bytes(size, sys.byteorder)

    def solid(self, type_id: int) -> int:
        """The bits of a type that aren't padding."""
        type_ = self.resolved(type_id)
        size = self.size(type_id)
        if type_ and type_.kind in ("STRUCT", "UNION"):
            if type_.id not in self._solid:
                self._solid[type_.id] = reduce(or_, (self._solid_of(m, size) for m in type_.members), 0)
            return self._solid[type_.id]
        if type_ and type_.kind == "ARRAY" and type_.nr_elems:
            one = self.solid(type_.type_id).to_bytes(size // type_.nr_elems, sys.byteorder)
            return unsigned(one * type_.nr_elems)
        return (1 << 8 * size) - 1

    def _solid_of(self, member: Member, whole: int) -> int:
        if self.of_the_kernel(member.type_id):
            return 0
        width = member.bitfield_size or 8 * self.size(member.type_id)
        return (self.solid(member.type_id) & (1 << width) - 1) << shift(member.bits_offset, width, whole)

    def resolved(self, type_id: int, through: Collection[str] = NAMING) -> BtfType | None:
        """What a type is, whatever it is called."""
        type_ = self.types.get(type_id)
        while type_ and type_.kind in through:
            type_ = self.types.get(type_.type_id)
        return type_


def shift(bits_offset: int, width: int, whole: int) -> int:
    """How far a member stands from the lowest bit of a struct of so many bytes."""
    return bits_offset if sys.byteorder == "little" else 8 * whole - bits_offset - width


def _no_sum(leaf: Leaf) -> Leaf:
    """What is no count: of CPUs that differ, each value is shown."""
    return replace(leaf, merge=known_types.apart(one(leaf, bytes(leaf.size)) if leaf.size else None))


def _named(type_: BtfType) -> tuple[str, tuple[str, ...]]:
    return type_.name, type_.member_names


def struct_with_meaning(type_: BtfType) -> str:
    """The name of a struct that is known by it and its members."""
    known = _named(type_) in known_types.OF_STRUCTS and type_.size == known_types.SIZES_OF_STRUCTS[type_.name]
    return type_.name if known else ""


def is_ipv6(type_: BtfType) -> bool:
    return (type_.name, type_.size) == ("in6_addr", 16)


class MapTypes(Struct, frozen=True):
    """All types that a map's BTF has, and those of its key and value; no types, where it has no BTF."""

    everything: BtfDump = BtfDump(())
    key_and_value: BtfDump = BtfDump(())

    @property
    def known(self) -> bool:
        return len(self.key_and_value.types) == 2

    @property
    def key_name(self) -> str:
        """The type of the key, if it is a struct whose name and members have a meaning."""
        return struct_with_meaning(self.key_and_value.types[0]) if self.key_and_value.types else ""

    @property
    def of_variables(self) -> bool:
        """Whether the values are global variables; their one key has no type."""
        return any(type_.kind == "DATASEC" for type_ in self.key_and_value.types)

    def key_id(self, size: int) -> int:
        return self._id(0, size)

    def value_id(self, size: int) -> int:
        return self._id(1, size)

    def _id(self, place: int, size: int) -> int:
        """0 for mere bytes, also where something else has taken its place."""
        type_id = self.key_and_value.types[place].id if self.known else 0
        return type_id if Types(self.everything.types).size(type_id) == size else 0
