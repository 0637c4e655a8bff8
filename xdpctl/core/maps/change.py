"""Elements of a map that are to be written or deleted."""

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from xdpctl.core.machine.model import Argv, Map
from xdpctl.core.maps.chunk import Element, slot


class How(StrEnum):
    """Whether an element may, must or must not be there when it is written."""

    ANY = "any"
    NEW = "noexist"
    EXISTING = "exist"

    @property
    def flag(self) -> int:
        return {How.ANY: 0, How.NEW: 1, How.EXISTING: 2}[self]


class Change(Struct, frozen=True):
    map: Map
    elements: Sequence[Element]
    how: How = How.ANY
    gone_is_fine: bool = False
    """Elements to be deleted may have gone already."""
    inside: Argv = ()
    """What enters the network namespace by which the kernel understands the values, if they are devices."""

    @property
    def for_kernel(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Keys with the values of all CPUs, or with None where they are to be deleted."""
        for element in self.elements:
            values = element.values
            if self.map.per_cpu:
                values = tuple(value.ljust(slot(len(value)), b"\0") for value in values)
            yield element.key, b"".join(values) if values else None


def zeros(map_: Map, cpus: int) -> tuple[bytes, ...]:
    """The value of an element in which nothing was counted."""
    return (bytes(map_.bytes_value),) * (cpus if map_.per_cpu else 1)


def emptied(map_: Map, cpus: int) -> Sequence[Element]:
    """All elements of an array, with nothing counted."""
    nothing = zeros(map_, cpus)
    return [Element(index.to_bytes(4, sys.byteorder), nothing) for index in range(map_.max_entries)]
