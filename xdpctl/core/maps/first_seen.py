"""Keys that were there before: a reader that finds its last key gone begins again, and meets old ones."""

import struct
from array import array

from xdpctl.core.maps.chunk import Chunk

SMALLEST, LARGEST = 1 << 10, 1 << 21
"""Slots to begin with; more are made when half of them are taken."""


class Seen:
    """Remembers keys by what Python hashes them to: two slots of 8 bytes for each."""

    def __init__(self, expected: int) -> None:
        size = min(LARGEST, max(SMALLEST, 1 << (2 * expected).bit_length()))
        self._slots = array("q", bytes(8 * size))
        self._taken = 0
        self._struck = bytearray()

    def __len__(self) -> int:
        return self._taken

    def only_new(self, chunk: Chunk) -> Chunk:
        """The elements that no chunk before had."""
        new = self.remember(chunk.keys, chunk.key_size)
        if len(new) == len(chunk):
            return chunk
        keys, values = chunk.key_size, chunk.stride * chunk.cpus
        return Chunk(
            keys=b"".join(chunk.keys[i * keys : (i + 1) * keys] for i in new),
            values=b"".join(chunk.values[i * values : (i + 1) * values] for i in new),
            key_size=chunk.key_size,
            stride=chunk.stride,
            cpus=chunk.cpus,
        )

    def remember(self, keys: bytes, size: int) -> list[int]:
        """The places of those that weren't known."""
        return self._remember(_hashes(keys, size))

    def struck_off(self, keys: bytes, size: int) -> tuple[list[int], int | None]:
        """The places of those that are known, and are asked for the first time; and the first unknown."""
        slots, last, struck = self._slots, len(self._slots) - 1, self._struck
        places: list[int] = []
        struck.extend(bytes(len(slots) - len(struck)))
        for place, mark in enumerate(_hashes(keys, size)):
            slot = mark & last
            while (there := slots[slot]) != mark:
                if not there:
                    return places, place
                slot = slot + 1 & last
            if not struck[slot]:
                struck[slot] = 1
                places.append(place)
        return places, None

    def _remember(self, hashes: list[int]) -> list[int]:
        """A slot that holds another one leads to the next."""
        while 2 * (self._taken + len(hashes)) > len(self._slots):
            self._grow()
        slots, last, new = self._slots, len(self._slots) - 1, []
        for place, mark in enumerate(hashes):
            slot = mark & last
            while (there := slots[slot]) and there != mark:
                slot = slot + 1 & last
            if not there:
                slots[slot] = mark
                new.append(place)
        self._taken += len(new)
        return new

    def _grow(self) -> None:
        known = list(filter(None, self._slots))
        self._slots, self._taken = array("q", bytes(16 * len(self._slots))), 0
        self._remember(known)


def _hashes(keys: bytes, size: int) -> list[int]:
    return [hash(key) or 1 for (key,) in struct.iter_unpack(f"{size}s", keys)]
