"""Values of many elements at once: what one member of all of them holds is a column.

Elements lie one behind the other, `stride` bytes apart. Of maps that hold a value for each CPU, those
of all CPUs of an element follow upon each other.
"""

import struct
from collections.abc import Sequence

from msgspec import Struct

from xdpctl.core.btf.known_types import Merger, total
from xdpctl.core.values.formats import Reader
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


class Record(Struct, frozen=True):
    """A struct, or a union: its members by name, each with its place."""

    size: int
    members: tuple[tuple[str, int, "Leaf | Record"], ...]

    def values(self, data: bytes, stride: int, offset: int = 0) -> list[Value]:
        return self._together(
            len(data) // stride, [column.values(data, stride, offset + at) for _, at, column in self.members]
        )

    def merged(self, data: bytes, stride: int, cpus: int, offset: int = 0) -> list[Value]:
        return self._together(
            len(data) // stride // cpus,
            [column.merged(data, stride, cpus, offset + at) for _, at, column in self.members],
        )

    def _together(self, count: int, columns: Sequence[list[Value]]) -> list[Value]:
        names = [name for name, *_ in self.members]
        if not names:
            return [{} for _ in range(count)]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


Column = Leaf | Record


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
