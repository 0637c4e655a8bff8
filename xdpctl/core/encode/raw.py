"""Many keys or values at once that are told raw: in numbers, and in bytes, whatever their names mean."""

from collections.abc import Iterator

from xdpctl.core.btf.columns import Column, Record
from xdpctl.core.encode import cells
from xdpctl.core.encode.bulk import PackedField, Packer, Place
from xdpctl.core.values.formats import hexadecimal


def packer(what: str, column: Column) -> Packer | None:
    """None where there are parts that are neither, or share bytes; `what` is the name of a whole."""
    try:
        fields = tuple(_fields(column, ("", 0), what))
    except cells.NotPlain:
        return None
    return Packer(fields, bytes(column.size)) if fields else None


def _fields(column: Column, place: Place, what: str) -> Iterator[PackedField]:
    outer, at = place
    if not isinstance(column, Record):
        yield PackedField(outer or what, at, column.size, _pack(column))
        return
    free = 0
    for name, start, part in column.members:
        if start < free:
            raise cells.NotPlain
        free = start + part.size
        yield from _fields(part, (f"{outer}.{name}" if outer else name, at + start), what)


def _pack(column: Column) -> cells.Pack:
    if isinstance(column, Record) or not (column.code or column.read is hexadecimal):
        raise cells.NotPlain
    if column.code:
        return cells.numbers(column.size, column.code.islower())
    return cells.each(cells.in_hexadecimal(column.size))
