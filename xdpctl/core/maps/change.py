"""Elements of a map that are to be written or deleted."""

from abc import abstractmethod
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from xdpctl.core.machine.model import Argv, Map
from xdpctl.core.maps.chunk import Element, slot

Values = tuple[bytes, ...]
"""Of an element: one, or one for each CPU."""
EVERY_CPU = -1
"""For a CPU's number."""


class How(StrEnum):
    """Whether an element may, must or must not be there when it is written."""

    ANY = "any"
    NEW = "noexist"
    EXISTING = "exist"

    @property
    def flag(self) -> int:
        return {How.ANY: 0, How.NEW: 1, How.EXISTING: 2}[self]


class Packed(Sequence[Element]):
    """Elements of which the bytes are kept one behind the other, as the kernel takes them."""

    @abstractmethod
    def packed(self, start: int, stop: int) -> tuple[bytes, bytes]:
        """The keys, and the values of all CPUs; no values where they are to be deleted."""


class Change(Struct, frozen=True):
    map: Map
    elements: Sequence[Element]
    how: How = How.ANY
    gone_is_fine: bool = False
    """Elements to be deleted may have gone already."""
    inside: Argv = ()
    """What enters the network namespace by which the kernel understands the values, if they are devices."""

    @property
    def deletes(self) -> bool:
        return not self.elements[0].values

    def packed(self, start: int, stop: int) -> tuple[bytes, bytes]:
        """The keys of some, and their values as the kernel takes them: of each CPU, if it has some."""
        if isinstance(self.elements, Packed):
            return self.elements.packed(start, stop)
        part = self.elements[start:stop]
        keys = b"".join(element.key for element in part)
        return keys, b"".join(in_slots(self.map, element.values) for element in part)


def in_slots(map_: Map, values: Sequence[bytes]) -> bytes:
    """The values of an element, as far apart as the kernel wants those of all CPUs."""
    if not map_.per_cpu:
        return b"".join(values)
    return b"".join(value.ljust(slot(len(value)), b"\0") for value in values)


def zeros(map_: Map, cpus: int) -> tuple[bytes, ...]:
    """The value of an element in which nothing was counted."""
    return (bytes(map_.bytes_value),) * (cpus if map_.per_cpu else 1)
