"""Words, or what JSON says, to the bytes of a key or a value by its BTF type: the inverse of `btf`.

Padding is zero if nothing else is said, and nothing is cut off to fit: what a type can't hold is refused.
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from xdpctl.core.btf.columns import Padding
from xdpctl.core.btf.known_types import IN_NETWORK_ORDER, SIZES
from xdpctl.core.btf.names import inner_name, is_number, member_name
from xdpctl.core.btf.readers import signed
from xdpctl.core.btf.types import ANONYMOUS, MODIFIERS, BtfType, Types, is_ipv6, shift, struct_with_meaning
from xdpctl.core.encode import arrays, members
from xdpctl.core.encode.addresses import (
    OF_STRUCTS,
    OF_TYPEDEFS,
    ipv6,
    mac,
    number_or_address,
    prefix_key,
    speaks_of_mac,
)
from xdpctl.core.encode.members import Part, Writer, of_the_kernel
from xdpctl.core.encode.numbers import (
    EncodeOptions,
    floating,
    named,
    native,
    number,
    number_for,
    spellings,
    truth,
)
from xdpctl.core.encode.text import CannotEncode, Input, as_bytes, characters, shown, split_head
from xdpctl.core.values.device_names import DeviceNames
from xdpctl.core.values.formats import unsigned

LARGEST_POINTER = (1 << 64) - 1


def is_list(text: str, longer_than: int) -> bool:
    """Whether it is one of so many numbers at least, which can't be taken for that much text."""
    return len(text) > longer_than and re.fullmatch(r"\[[-0-9, ]+\]", text) is not None


class Encoder:
    """How to write every type of one BTF object."""

    def __init__(
        self,
        types: Sequence[BtfType],
        boot: int = 0,
        lenient: bool = False,
        devices: DeviceNames | None = None,
    ) -> None:
        """`lenient` takes what a map can hold but no packet has: for looking up, deleting, restoring."""
        self.types = Types(tuple(types))
        self.options = EncodeOptions(boot, lenient, devices)
        self._known_parts: dict[int, tuple[Part, ...]] = {}

    def writer(self, what: str, type_id: int, size: int, padding: Padding | None = None) -> Writer:
        """How to write a key or a value, which is what messages call it; without a type it has a size.

        Padding can be said where it is told.
        """
        type_ = self.types.resolved(type_id)
        write = self._plain_struct(type_, padding) if type_ and padding else self.of_type(type_id, size)
        is_text = type_ is not None and type_.kind == "ARRAY" and self._is_int(type_.type_id, "char")

        def checked(said: Input, old: bytes | None = None) -> bytes:
            try:
                if isinstance(said, str) and said.startswith("hex:") and not is_text:
                    return as_bytes(said, size)
                return write(said, old)
            except CannotEncode as unfit:
                raise unfit.becomes(f"{what}{unfit.path} {unfit.message}", *unfit.hints) from None

        return checked

    @cached_property
    def _makers(self) -> dict[str, Callable[[BtfType, str], Writer]]:
        return {
            "INT": lambda t, _: self._int(t),
            "ENUM": lambda t, _: self._enum(t),
            "ENUM64": lambda t, _: self._enum(t),
            "FLOAT": lambda t, _: lambda said, _: floating(said, t.size),
            "PTR": lambda *_: lambda said, _: native(number(said, 0, LARGEST_POINTER), 8),
            "TYPEDEF": self._typedef,
            "STRUCT": lambda t, _: self._struct(t),
            "UNION": lambda t, _: self._plain_struct(t),
            "ARRAY": self._array,
            "DATASEC": lambda t, _: self._plain_struct(t),
            **dict.fromkeys(
                (*MODIFIERS, "VAR"), lambda t, name: self.of_type(t.type_id, self.types.size(t.id), name)
            ),
        }

    def of_type(self, type_id: int, size: int, name: str = "") -> Writer:
        """The name is that of a member, a whole key or value has none."""
        type_ = self.types.types.get(type_id)
        make = self._makers.get(type_.kind) if type_ else None
        return make(type_, name) if make and type_ else lambda said, _: as_bytes(said, size)

    def _int(self, type_: BtfType, bits: int = 0) -> Writer:
        size, width = type_.size, bits or 8 * type_.size
        if type_.encoding == "BOOL":
            return lambda said, _: native(truth(said), size)
        low, high = 0, (1 << width) - 1
        if type_.is_signed:
            low, high = -1 << width - 1, high >> 1
        return lambda said, _: native(number(said, low, high), size)

    def _enum(self, type_: BtfType) -> Writer:
        size, top = type_.size, (1 << 8 * type_.size) - 1
        names = {value.name: value.val & top for value in type_.values}
        short = spellings(names)
        low = -1 << 8 * size - 1 if type_.is_signed else 0
        if type_.names_are_cut:
            return lambda said, _: native(number_for(said, names, low, top), size)
        return lambda said, _: native(named(said, names, short, low, top), size)

    def _typedef(self, type_: BtfType, name: str) -> Writer:
        size, name = self.types.size(type_.type_id), inner_name(type_.name, name)
        if is_number(type_.name, name):
            return lambda said, _: number_or_address(said, size, self.options)
        if self.has_meaning(type_):
            write = OF_TYPEDEFS[type_.name]
            return lambda said, _: write(said, size, self.options)
        if type_.name in IN_NETWORK_ORDER:
            return lambda said, _: as_bytes(said, size)
        return self.of_type(type_.type_id, size, name)

    def _struct(self, type_: BtfType) -> Writer:
        meant = ipv6 if is_ipv6(type_) else OF_STRUCTS.get(struct_with_meaning(type_))
        plain = self._plain_struct(type_)
        if meant is None:
            return self._lpm_key(type_, plain)
        last = type_.members[-1].name

        def write(said: Input, old: bytes | None) -> bytes:
            raw = isinstance(said, dict) and any(split_head(name)[0] == last for name in said)
            return plain(said, old) if raw else meant(said, type_.size, self.options)

        return write

    def _lpm_key(self, type_: BtfType, plain: Writer) -> Writer:
        """The key of another's trie can be said as a prefix: its length comes first, then the address."""
        sizes = [self.types.size(member.type_id) for member in type_.members]
        if len(sizes) != 2 or sizes[0] != 4 or sizes[1] not in (4, 16) or sum(sizes) != type_.size:
            return plain
        if not type_.members[0].name.startswith("prefix"):
            return plain

        def write(said: Input, old: bytes | None) -> bytes:
            found = prefix_key(said, sizes[1], self.options)
            return plain(said, old) if found is None else found

        return write

    def _plain_struct(self, type_: BtfType, padding: Padding | None = None) -> Writer:
        size = type_.size or max(
            (v.offset + v.size for v in type_.vars), default=0
        )  # files don't tell a section's
        parts = (*self._parts(type_), *((members.of_padding(padding),) if padding else ()))
        return members.writer(parts, size, type_.kind == "UNION")

    def _parts(self, type_: BtfType) -> tuple[Part, ...]:
        of_all = type_.member_names
        spots = [
            (m.name, member_name(m.name, of_all), m.type_id, m.bits_offset, m.bitfield_size)
            for m in type_.members
        ]
        variables = ((self.types.types[v.type_id].name, v) for v in type_.vars)
        spots += [(name, name, v.type_id, 8 * v.offset, 0) for name, v in variables]
        if type_.id not in self._known_parts:
            self._known_parts[type_.id] = tuple(self._part(type_.size, *spot) for spot in spots)
        return self._known_parts[type_.id]

    def _part(self, whole: int, name: str, meant: str, type_id: int, first: int, bits: int) -> Part:
        if kept := self.types.of_the_kernel(type_id):
            return of_the_kernel(name, kept)
        size = self.types.size(type_id)
        width = bits or 8 * size
        write = self._bitfield(type_id, size, bits) if bits else self.of_type(type_id, size, meant)
        called = "" if name in ANONYMOUS else name
        return Part(
            name=called,
            names=self._spoken_of(name, type_id),
            shift=shift(first, width, whole),
            width=width,
            solid=self.types.solid(type_id) & (1 << width) - 1,
            write=write,
        )

    def _spoken_of(self, name: str, type_id: int) -> tuple[str, ...]:
        inner = self.types.resolved(type_id)
        if name not in ANONYMOUS or inner is None:
            return (name,)
        return tuple(n for m in inner.members for n in self._spoken_of(m.name, m.type_id))

    def _bitfield(self, type_id: int, size: int, bits: int) -> Writer:
        plain = self.types.resolved(type_id)
        if plain and plain.kind == "INT" and not self._has_meaning(type_id):
            return self._int(plain, bits)
        write, is_signed = self.of_type(type_id, size), self.types.is_signed(type_id)
        half = 1 << bits - 1 if is_signed else 0

        def write_bits(said: Input, old: bytes | None) -> bytes:
            data = write(said, old)
            value = signed(data) if is_signed else unsigned(data)
            if value + half >> bits:
                raise CannotEncode(f"can't be {shown(said)}: it has {bits} bits")
            return data

        return write_bits

    def _array(self, type_: BtfType, name: str) -> Writer:
        count, size = type_.nr_elems, self.types.size(type_.type_id)
        write = self.of_type(type_.type_id, size, name)
        is_char, is_byte = self._is_int(type_.type_id, "char"), self._is_int(type_.type_id, "unsigned char")

        write_elements = arrays.writer(count, size, self.types.solid(type_.type_id), write)

        def write_array(said: Input, old: bytes | None) -> bytes:
            if is_char and isinstance(said, str) and not is_list(said, longer_than=count):
                return characters(said, count)
            if is_byte and count == 6 and speaks_of_mac(said):
                return mac(said, count, self.options)
            return write_elements(said, old)

        return write_array

    def _is_int(self, type_id: int, name: str) -> bool:
        type_ = self.types.resolved(type_id)
        return type_ is not None and (type_.kind, type_.name) == ("INT", name)

    def _has_meaning(self, type_id: int) -> bool:
        type_ = self.types.types.get(type_id)
        while type_ and type_.kind in ("TYPEDEF", *MODIFIERS):
            if self.has_meaning(type_):
                return True
            type_ = self.types.types.get(type_.type_id)
        return False

    def has_meaning(self, type_: BtfType) -> bool:
        """Whether the name of a typedef tells what its numbers are."""
        return type_.name in OF_TYPEDEFS and self.types.size(type_.id) in SIZES.get(type_.name, (4,))
