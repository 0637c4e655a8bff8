"""Many keys or values at once, column by column.

A block of a file becomes bytes here as long as all of it is plain. What isn't is left to the writers of
single ones, which know more ways to say things, and what is wrong.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from xdpctl.core.btf.known_types import IN_NETWORK_ORDER, SIZES
from xdpctl.core.btf.names import inner_name, is_number, member_name
from xdpctl.core.btf.readers import CODES
from xdpctl.core.btf.types import ANONYMOUS, MODIFIERS, BtfType, Member, is_ipv6, struct_with_meaning
from xdpctl.core.encode import cells
from xdpctl.core.encode.cells import Cells, Pack
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.encode.numbers import OF_NUMBERS

Place = tuple[str, int]
"""How `dump` calls a column, without a name where a key or a value is one; and where it stands."""


class PackedField(Struct, frozen=True):
    name: str
    at: int
    size: int
    pack: Pack


class Packer(Struct, frozen=True):
    """How keys or values of one type are written."""

    fields: tuple[PackedField, ...]
    frame: bytes
    """What is around the fields: padding, and what is the same in all of them."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def pack(self, columns: Sequence[Cells]) -> bytes:
        """One behind the other; the columns are in the order of the fields."""
        stride = len(self.frame)
        packed = bytearray(self.frame * len(columns[0]))
        for field, column in zip(self.fields, columns, strict=True):
            data = field.pack(column)
            for byte in range(field.size):
                packed[field.at + byte :: stride] = data[byte :: field.size]
        return bytes(packed)


def packer(encoder: Encoder, what: str, type_id: int, size: int) -> Packer | None:
    """None where a type has parts that aren't columns of their own; `what` is the name of a whole."""
    try:
        fields = tuple(_Fields(encoder, what).of(type_id, ("", 0)))
    except cells.NotPlain:
        return None
    frame = bytearray(size)
    if (type_ := encoder.types.resolved(type_id)) and struct_with_meaning(type_) in ("flow", "flow6"):
        frame[-2:] = bytes([4 if size < 24 else 6, 1])  # version, and that there are ports
    return Packer(fields, bytes(frame)) if fields else None


class _Fields:
    def __init__(self, encoder: Encoder, what: str) -> None:
        self._encoder, self._types, self._what = encoder, encoder.types, what

    def of(self, type_id: int, place: Place, name: str = "") -> Iterator[PackedField]:
        """The name is that of a member, as for the writers of single ones."""
        type_ = self._types.types.get(type_id)
        if type_ is None or type_.kind in ("UNION", "DATASEC"):
            raise cells.NotPlain
        if type_.kind == "STRUCT":
            yield from self._of_struct(type_, place)
        elif type_.kind in MODIFIERS or (type_.kind == "TYPEDEF" and not self._is_meant(type_)):
            yield from self.of(type_.type_id, place, inner_name(type_.name, name))
        else:
            yield self._field(type_id, place, self._pack(type_, name))

    def _is_meant(self, type_: BtfType) -> bool:
        return self._encoder.has_meaning(type_) or type_.name in IN_NETWORK_ORDER

    def _pack(self, type_: BtfType, name: str) -> Pack:
        size = self._types.size(type_.id)
        write = self._encoder.of_type(type_.id, size, name)
        if is_number(type_.name, inner_name(type_.name, name)):
            return cells.remembered(lambda said: write(said, None))
        if type_.kind == "TYPEDEF" and size in SIZES.get(type_.name, ()) and type_.name in IN_NETWORK_ORDER:
            return cells.each(cells.ipv4) if type_.name == "__be32" else cells.in_network_order(size)
        if type_.kind == "INT" and type_.encoding != "BOOL" and size in CODES:
            return cells.numbers(size, type_.is_signed)
        return cells.remembered(lambda said: write(said, None))

    def _of_struct(self, type_: BtfType, place: Place) -> Iterator[PackedField]:
        meaning = "in6_addr" if is_ipv6(type_) else struct_with_meaning(type_)
        if meaning in ("flow", "flow6"):
            yield from self._of_flow(type_.size, place)
        elif meaning:
            yield self._field(type_.id, place, cells.each(_OF_STRUCTS.get(meaning) or cells.mac(type_.size)))
        else:
            for member in type_.members:
                yield from self._of_member(member, place, member_name(member.name, type_.member_names))

    def _of_member(self, member: Member, place: Place, called: str) -> Iterator[PackedField]:
        outer, at = place
        if member.bitfield_size or self._types.of_the_kernel(member.type_id):
            raise cells.NotPlain
        name = outer if member.name in ANONYMOUS else f"{outer}.{member.name}" if outer else member.name
        yield from self.of(member.type_id, (name, at + member.bits_offset // 8), called)

    def _of_flow(self, size: int, place: Place) -> Iterator[PackedField]:
        if place != ("", 0):
            raise cells.NotPlain
        length, of_protocol = (16 if size > 24 else 4), OF_NUMBERS["ip_proto_t"]
        address = cells.each(cells.ipv6 if size > 24 else cells.ipv4)
        protocol = cells.remembered(lambda said: of_protocol(said, 2, self._encoder.options))
        for name, at, wide, pack in (
            ("src_ip", 0, length, address),
            ("dst_ip", length, length, address),
            ("src_port", 2 * length, 2, cells.in_network_order(2)),
            ("dst_port", 2 * length + 2, 2, cells.in_network_order(2)),
            ("ip_proto", 2 * length + 4, 2, protocol),
        ):
            yield PackedField(name, at, wide, pack)

    def _field(self, type_id: int, place: Place, pack: Pack) -> PackedField:
        name, at = place
        return PackedField(name or self._what, at, self._types.size(type_id), pack)


_OF_STRUCTS = {
    "in6_addr": cells.ipv6,
    "ip_addr": cells.ip_addr,
    "ip_prefix": cells.ip_prefix,
}
