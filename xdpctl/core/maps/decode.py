"""Elements of a map, as bytes, and the map's BTF, to entries with keys and values by meaning."""

from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.btf.columns import Column, Leaf, Padding, Record, with_padding
from xdpctl.core.btf.known_types import MERGERS
from xdpctl.core.btf.types import BtfDump, MapTypes, Types
from xdpctl.core.machine.model import Map
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.values.formats import hexadecimal, unsigned
from xdpctl.core.values.value import Value


class CpuValue(Struct, frozen=True):
    cpu: int
    value: Value


class Entry(Struct, frozen=True, omit_defaults=True):
    key: Value
    value: Value
    per_cpu: tuple[CpuValue, ...] = ()


class Layout(Struct, frozen=True):
    """How to read keys and values of one map."""

    key: Column
    value: Column
    is_sum: bool = True
    """Whether values can be added up over entries: no times, and nothing that programs can only read."""
    typed: bool = False
    value_padding: Padding | None = None
    """That of values, which is told only where they are saved."""

    @property
    def to_save(self) -> "Layout":
        """One that tells every bit, as far as members have names."""
        value = self.value
        return (
            replace(self, value=replace(value, padding=self.value_padding))
            if isinstance(value, Record)
            else self
        )

    @property
    def padding(self) -> Padding | None:
        """That of keys, where they have some beside their members."""
        return self.key.padding if isinstance(self.key, Record) else None


def bytes_as_they_are(key_size: int, value_size: int) -> Layout:
    return Layout(Leaf(key_size, hexadecimal), Leaf(value_size, hexadecimal))


PADDING = "padding"
NUMBER = Leaf(4, unsigned, "I")
COOKIE = Leaf(8, unsigned, "Q")
"""By which the kernel tells a socket, where values have room for that."""
_OF_KINDS: dict[str, tuple[str, ...]] = {
    "devmap": ("ifindex", "program"),
    "devmap_hash": ("ifindex", "program"),
    "cpumap": ("queue", "program"),
    "prog_array": ("program",),
    "array_of_maps": ("map",),
    "hash_of_maps": ("map",),
    "xskmap": ("socket",),
    "sockmap": ("socket",),
    "sockhash": ("socket",),
}
"""Maps of which the kernel keeps no types, and what their values are: numbers and ids."""


def of_kind(map_type: str, key_size: int, value_size: int) -> Layout | None:
    """How to read a map by its type alone."""
    names = _OF_KINDS.get(map_type, ())[: value_size // 4]
    key = NUMBER if key_size == 4 else Leaf(key_size, hexadecimal)
    if names == ("socket",) and value_size == COOKIE.size:
        return Layout(key, COOKIE, is_sum=False, typed=True)
    if not names or value_size != 4 * len(names):
        return None
    members = tuple((name, 4 * i, NUMBER) for i, name in enumerate(names))
    return Layout(key, NUMBER if len(names) == 1 else Record(value_size, members), is_sum=False, typed=True)


def notation(value: Column, of_devices: bool) -> str:
    """The types of such a map in words, where its keys are numbers too."""
    if isinstance(value, Leaf):
        return f"key:u32 value:{'device' if of_devices else 'u64' if value == COOKIE else 'u32'}"
    members = ",".join(f"{name}:{'device' if name == 'ifindex' else 'u32'}" for name, *_ in value.members)
    return f"key:u32 value:{{{members}}}"


def layout(
    all_types: BtfDump, key_and_value: BtfDump, sizes: tuple[int, int], raw: bool, boot: int = 0
) -> Layout:
    """`key_and_value` is what bpftool prints for a map: the type of the key, then that of the value.

    `boot` is when the machine was started, in nanoseconds since 1970.
    """
    as_they_are = bytes_as_they_are(*sizes)
    if len(key_and_value.types) != 2:
        return as_they_are
    types = Types(all_types.types, raw, boot)
    key, value = (types.column(type_.id) for type_ in key_and_value.types)
    key_padding, value_padding = (types.padding(type_.id) for type_ in key_and_value.types)
    saved = with_padding(value, value_padding, _free(value))
    return Layout(
        key=with_padding(key, key_padding, _free(key, value)) if key.size == sizes[0] else as_they_are.key,
        value=value if value.size == sizes[1] else as_they_are.value,
        is_sum=key_and_value.types[1].name not in MERGERS,
        typed=True,
        value_padding=saved.padding if isinstance(saved, Record) else None,
    )


def _free(*columns: Column) -> str:
    """What padding is called: as no member is."""
    taken = {name for column in columns if isinstance(column, Record) for name, *_ in column.members}
    return next(name for end in count() if (name := PADDING + "_" * end) not in taken)


def layout_of(map_: Map, types: MapTypes, raw: bool, boot: int) -> Layout:
    sizes = map_.bytes_key, map_.bytes_value
    if not types.key_and_value.types and (known := of_kind(str(map_.type), *sizes)):
        return known
    found = layout(types.everything, types.key_and_value, sizes, raw, boot)
    key = NUMBER if types.of_variables else found.key
    return replace(found, key=key, is_sum=found.is_sum and not map_.constant)


def decode(chunk: Chunk, layout: Layout, per_cpu: bool = False) -> list[Entry]:
    """Entries in the order of the chunk; values of several CPUs are merged, and told apart if asked for."""
    keys = layout.key.values(chunk.keys, chunk.key_size)
    if not chunk.values:
        return [Entry(key, None) for key in keys]
    if chunk.cpus == 1 and not per_cpu:
        return list(map(Entry, keys, layout.value.values(chunk.values, chunk.stride)))
    merged = layout.value.merged(chunk.values, chunk.stride, chunk.cpus)
    if not per_cpu:
        return list(map(Entry, keys, merged))
    slots = iter(layout.value.values(chunk.values, chunk.stride))
    of_cpus = [tuple(CpuValue(cpu, next(slots)) for cpu in range(chunk.cpus)) for _ in keys]
    return list(map(Entry, keys, merged, of_cpus))
