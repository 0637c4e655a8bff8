"""Elements that wait to be written: their bytes alone, in files without a name where they are many."""

from array import array
from collections.abc import Iterable, Iterator
from typing import overload

from xdpctl.core.machine.model import Map
from xdpctl.core.maps.change import Packed, in_slots, zeros
from xdpctl.core.maps.chunk import Chunk, Element, slot

IN_MEMORY = 2 << 20
"""Bytes of keys, and of values, that need no file."""
AT_ONCE = 4096


class Stored(Packed):
    def __init__(self, map_: Map, cpus: int) -> None:
        """`cpus` is how many values an element has; none where it is to be deleted."""
        from tempfile import SpooledTemporaryFile

        self._map, self._cpus = map_, cpus
        self._stride = slot(map_.bytes_value) if map_.per_cpu else map_.bytes_value
        self._keys, self._values = map(SpooledTemporaryFile, (IN_MEMORY, IN_MEMORY))
        self._count = 0

    def __del__(self) -> None:
        self._keys.close()
        self._values.close()

    def add(self, keys: bytes, values: bytes) -> None:
        """As `packed` gives them."""
        self._keys.seek(0, 2)
        self._values.seek(0, 2)
        self._keys.write(keys)
        self._values.write(values)
        self._count += len(keys) // self._map.bytes_key

    def add_chunk(self, chunk: Chunk) -> None:
        """With its values, unless all that counts is the keys; but none that has gone meanwhile."""
        if not chunk.values:
            return
        if not self._cpus or chunk.stride == self._stride:
            self.add(chunk.keys, chunk.values if self._cpus else b"")
        else:
            for element in chunk.elements(self._map.bytes_value):
                self.add(element.key, in_slots(self._map, element.values))

    def packed(self, start: int, stop: int) -> tuple[bytes, bytes]:
        size, wide = self._map.bytes_key, self._stride * self._cpus
        self._keys.seek(start * size)
        self._values.seek(start * wide)
        return self._keys.read((stop - start) * size), self._values.read((stop - start) * wide)

    def find(self, key: bytes) -> int | None:
        """Where a key stands."""
        size = self._map.bytes_key
        for start in range(0, self._count, AT_ONCE):
            keys, _ = self.packed(start, min(start + AT_ONCE, self._count))
            place = keys.find(key)
            while place % size and place >= 0:
                place = keys.find(key, place + 1)
            if place >= 0:
                return start + place // size
        return None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Element: ...

    @overload
    def __getitem__(self, place: slice) -> list[Element]: ...

    def __getitem__(self, place: int | slice) -> Element | list[Element]:
        if isinstance(place, slice):
            start, stop, _ = place.indices(self._count)
            return [*self._elements(start, max(start, stop))]
        [place] = range(self._count)[place : place + 1 or None]
        [element] = self._elements(place, place + 1)
        return element

    def __iter__(self) -> Iterator[Element]:
        for start in range(0, self._count, AT_ONCE):
            yield from self._elements(start, min(start + AT_ONCE, self._count))

    def _elements(self, start: int, stop: int) -> Iterator[Element]:
        keys, values = self.packed(start, stop)
        size, wide = self._map.bytes_key, self._stride * self._cpus
        for place in range(stop - start):
            whole = values[place * wide : (place + 1) * wide]
            parts = (whole[at : at + self._map.bytes_value] for at in range(0, wide, self._stride))
            yield Element(keys[place * size : (place + 1) * size], tuple(parts))


def stored(map_: Map, cpus: int, chunks: Iterable[Chunk]) -> Stored:
    """Those of another map, or of the same one."""
    found = Stored(map_, cpus)
    for chunk in chunks:
        found.add_chunk(chunk)
    return found


def emptied(map_: Map, cpus: int) -> Stored:
    """All elements of an array, with nothing counted."""
    cpus = cpus if map_.per_cpu else 1
    found, nothing = Stored(map_, cpus), in_slots(map_, zeros(map_, cpus))
    for start in range(0, map_.max_entries, AT_ONCE):
        places = range(start, min(start + AT_ONCE, map_.max_entries))
        found.add(array("I", places).tobytes(), nothing * len(places))
    return found
