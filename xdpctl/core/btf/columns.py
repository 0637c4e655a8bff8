"""Values of many elements at once: what one member of all of them holds is a column.

Elements lie one behind the other, `stride` bytes apart. Of maps that hold a value for each CPU, those
of all CPUs of an element follow upon each other.
"""

import re
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.btf.known_types import Merger, total
from xdpctl.core.values.formats import Reader, hexadecimal
from xdpctl.core.values.value import Value


class Leaf(Struct, frozen=True):
    """What is read as a whole."""

    size: int
    read: Reader
    code: str = ""
    """How `struct` calls a plain number: these are read by it, and summed."""
    merge: Merger = total
    """How to make one value of those of all CPUs."""
    names: bool = False
    """Whether numbers stand for something that has a name: nothing is counted there."""

    def values(self, data: bytes, stride: int, offset: int = 0) -> list[Value]:
        code = self.code or f"{self.size}s"
        after = stride - offset - self.size
        found = struct.iter_unpack(f"={offset}x{code}{after}x", data)
        if self.code:
            return [number for (number,) in found]
        read = self.read
        return [read(part) for (part,) in found]

    def merged(self, data: bytes, stride: int, cpus: int, offset: int = 0) -> list[Value]:
        values = self.values(data, stride, offset)
        by_cpu = [values[cpu::cpus] for cpu in range(cpus)]
        if self.code and self.merge is total:
            return list(map(sum, zip(*by_cpu, strict=True)))
        return list(map(self.merge, map(list, zip(*by_cpu, strict=True))))


class Padding(Struct, frozen=True):
    """The bits of a struct that no member has. Where they aren't zero, elements differ that look alike."""

    name: str
    """What it is called beside the members."""
    mask: bytes

    def told(self, data: bytes, stride: int, offset: int = 0) -> dict[int, str]:
        """Of the elements in which it isn't zero, by their places."""
        if not any(self._in_column(data[offset + at :: stride], bits) for at, bits in enumerate(self.mask)):
            return {}
        after = stride - offset - len(self.mask)
        parts = struct.iter_unpack(f"={offset}x{len(self.mask)}s{after}x", data)
        found = ((place, self.of(part)) for place, (part,) in enumerate(parts))
        return {place: hexadecimal(held) for place, held in found if any(held)}

    def of(self, data: bytes) -> bytes:
        return bytes(byte & bits for byte, bits in zip(data, self.mask, strict=True))

    def holds(self, told: str) -> bool:
        """Whether it could be told so."""
        digits = told.removeprefix("0x")
        if re.fullmatch(f"[0-9a-f]{{{2 * len(self.mask)}}}", digits) is None:
            return False
        return self.of(bytes.fromhex(digits)) == bytes.fromhex(digits)

    def cleared(self, data: bytes) -> bytes:
        return bytes(byte & ~bits for byte, bits in zip(data, self.mask, strict=True))

    def _in_column(self, column: bytes, bits: int) -> bool:
        """Whether a bit of the padding is set in one byte of any element."""
        return bits > 0 and bool(column.translate(None, _without(bits)))


@cache
def _without(bits: int) -> bytes:
    """All bytes in which none of these bits is set."""
    return bytes(byte for byte in range(256) if not byte & bits)


class Record(Struct, frozen=True):
    """A struct, or a union: its members by name, each with its place."""

    size: int
    members: tuple[tuple[str, int, "Leaf | Record"], ...]
    padding: Padding | None = None
    """If it is to be told."""

    def values(self, data: bytes, stride: int, offset: int = 0) -> list[Value]:
        found = self._together(
            len(data) // stride, [column.values(data, stride, offset + at) for _, at, column in self.members]
        )
        if padding := self.padding:
            for place, held in padding.told(data, stride, offset).items():
                found[place][padding.name] = held
        return [*found]

    def merged(self, data: bytes, stride: int, cpus: int, offset: int = 0) -> list[Value]:
        found = self._together(
            len(data) // stride // cpus,
            [column.merged(data, stride, cpus, offset + at) for _, at, column in self.members],
        )
        return [*found]

    def _together(self, count: int, columns: Sequence[list[Value]]) -> list[dict[str, Any]]:
        names = [name for name, *_ in self.members]
        if not names:
            return [{} for _ in range(count)]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


Column = Leaf | Record


def with_padding(column: Column, mask: bytes, name: str) -> Column:
    """One that tells padding: beside the members, or where they have no names, as `hex:` of all bytes."""
    if not any(mask):
        return column
    padding = Padding(name, mask)
    if isinstance(column, Record):
        return replace(column, padding=padding)
    read = column.read
    return replace(column, read=lambda data: f"hex:{data.hex()}" if any(padding.of(data)) else read(data))


def merger(column: Column) -> Merger:
    """How to make one value of those of all CPUs."""
    if isinstance(column, Leaf):
        return column.merge
    members = {name: merger(part) for name, _, part in column.members}
    return lambda values: {name: merge([value[name] for value in values]) for name, merge in members.items()}


def each_of(merge: Merger) -> Merger:
    """Arrays of several CPUs to one, element by element."""
    return lambda arrays: [merge(list(of_cpus)) for of_cpus in zip(*arrays, strict=True)]


def one(column: Column, data: bytes) -> Value:
    """The value that these bytes are."""
    return column.values(data, len(data))[0]


def same_meaning(first: Column, second: Column) -> bool:
    """Whether bytes mean the same by both."""
    samples = (bytes(n % 251 + 1 for n in range(first.size)), b"\xff" * first.size)
    return first.size == second.size and all(one(first, data) == one(second, data) for data in samples)
