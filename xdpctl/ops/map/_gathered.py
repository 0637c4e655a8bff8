"""Elements that a file tells of, each once; values of several CPUs can be told by several lines."""

import contextlib
from array import array
from collections.abc import Sequence
from functools import cached_property

from xdpctl.core.maps.batch_file import Spoken
from xdpctl.core.maps.change import EVERY_CPU, Values, in_slots
from xdpctl.core.maps.first_seen import Seen
from xdpctl.errors import BadRequest
from xdpctl.ops.map._lines import in_line
from xdpctl.ops.map._opened import Opened, all_elements
from xdpctl.tools.maps.stored import Stored


class Gathered:
    def __init__(self, target: Opened, cpus: int, file: str, twice: str = "is in line {} already") -> None:
        """`twice` is what is said of a key that an earlier line has."""
        self._map, self._codec, self._cpus, self._file = target.map, target.codec, cpus, file
        self._twice = twice
        self._whole = Stored(target.map, cpus if target.map.per_cpu else 1)
        self._lines = array("I")
        """In which lines the whole ones are told."""
        self._in_parts: dict[bytes, Values] = {}
        self._lines_of_parts: dict[tuple[bytes, int], int] = {}
        self.seen = Seen(target.map.max_entries)

    @cached_property
    def _there(self) -> dict[bytes, Values]:
        """What the map holds; needed only where the file doesn't tell all."""
        return {element.key: element.values for element in all_elements(self._map)}

    def add(self, keys: bytes, values: bytes, lines: Sequence[int]) -> None:
        """Whole elements, as the kernel takes them."""
        size = self._map.bytes_key
        new = self.seen.remember(keys, size)
        self._whole.add(keys, values)
        self._lines.extend(lines)
        for place in sorted({*range(len(lines))}.difference(new)) if len(new) < len(lines) else ():
            with in_line(self._file, lines[place]):
                self._check_new(keys[place * size : (place + 1) * size], lines[place])

    def add_one(self, key: bytes, said: Spoken, cpu: int | None) -> None:
        if said.cpu is None:
            values = self._values(key, said, cpu)
            self.add(key, in_slots(self._map, values), [said.line])
            return
        if key not in self._in_parts and not self.seen.remember(key, len(key)):
            self._check_new(key, said.line)
        if (key, said.cpu) in self._lines_of_parts:
            self._check_new(key, said.line)
        self._lines_of_parts[key, said.cpu] = said.line
        old = self._in_parts.get(key) or self._there.get(key, ())
        self._in_parts[key] = self._codec.encode_values(said.value, old, said.cpu, self._cpus)

    def all(self) -> Stored:
        for key, values in self._in_parts.items():
            self._whole.add(key, in_slots(self._map, values))
        self._in_parts.clear()
        return self._whole

    def _values(self, key: bytes, said: Spoken, cpu: int | None) -> Values:
        """What isn't told stays as it is, where the element is there."""
        if cpu in (None, EVERY_CPU):
            with contextlib.suppress(BadRequest):
                return self._codec.encode_values(said.value, (), cpu, self._cpus)
        return self._codec.encode_values(said.value, self._there.get(key, ()), cpu, self._cpus)

    def _check_new(self, key: bytes, line: int) -> None:
        """Keys are known by their hash: others may have the same."""
        of_parts = (told for (known, _), told in self._lines_of_parts.items() if known == key)
        place = self._whole.find(key)
        before = next(of_parts, line if place is None else self._lines[place])
        if before < line:
            raise BadRequest(f"the key {self._codec.key_in_words(key)} {self._twice.format(before)}")
