"""Elements of a map that are told in columns, to their bytes."""

from array import array

from msgspec import Struct

from xdpctl.core.encode.bulk import Packer
from xdpctl.core.encode.cells import NotPlain
from xdpctl.core.machine.model import Map
from xdpctl.core.maps import refusals
from xdpctl.core.maps.batch_file import Block
from xdpctl.core.maps.change import EVERY_CPU, in_slots


class Packing(Struct, frozen=True):
    map: Map
    key: Packer
    value: Packer | None

    def keys(self, block: Block) -> bytes:
        found = block.columns(self.key.names, ())
        if found is None:
            raise NotPlain
        return self._keys(self.key.pack(found[0]))

    def elements(self, block: Block, cpu: int | None, cpus: int) -> tuple[bytes, bytes]:
        """Keys and values as the kernel takes them; NotPlain is raised where that takes more than columns."""
        keys, values = self.as_told(block)
        return keys, self._of_cpus(values, cpu, cpus)

    def as_told(self, block: Block) -> tuple[bytes, bytes]:
        """Keys, and all values that are told, one behind the other."""
        found = block.columns(self.key.names, self.value.names) if self.value else None
        if found is None or self.value is None:
            raise NotPlain
        return self._keys(self.key.pack(found[0])), self.value.pack(found[1])

    def _keys(self, keys: bytes) -> bytes:
        if refusals.is_array(self.map) and max(array("I", keys)) >= self.map.max_entries:
            raise NotPlain
        return keys

    def _of_cpus(self, values: bytes, cpu: int | None, cpus: int) -> bytes:
        """The same value for all CPUs: which must be nothing, if it isn't said that all are to get it."""
        if not self.map.per_cpu:
            if cpu is not None:
                raise NotPlain
            return values
        if cpu != EVERY_CPU and (cpu is not None or any(values)):
            raise NotPlain
        size = self.map.bytes_value
        each = (values[at : at + size] for at in range(0, len(values), size))
        return b"".join(in_slots(self.map, (value,)) * cpus for value in each)
