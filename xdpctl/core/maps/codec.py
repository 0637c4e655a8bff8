"""Words to the bytes of a map's keys and values, and these bytes to words."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from xdpctl.core.btf.columns import Leaf, one
from xdpctl.core.btf.types import BtfType, MapTypes
from xdpctl.core.encode.bulk import packer
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.encode.members import Writer
from xdpctl.core.encode.text import Input
from xdpctl.core.encode.words import format_input, prefix, words_for
from xdpctl.core.machine.model import Map
from xdpctl.core.maps import refusals
from xdpctl.core.maps.change import EVERY_CPU, Values
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Entry, Layout, decode, layout_of
from xdpctl.core.maps.packing import Packing
from xdpctl.core.values.device_names import DeviceNames
from xdpctl.core.values.value import Value, flat
from xdpctl.errors import BadRequest, NotOffered

HALF_A_MILLISECOND = 500_000
"""In nanoseconds. Times are shown to the millisecond; one that is said is meant to be in the middle."""
INDEX = Encoder((BtfType(id=1, kind="INT", name="u32", size=4),)).writer("key", 1, 4)


class Codec(Struct, frozen=True, dict=True):
    """How keys and values of one map are written and shown."""

    map: Map
    types: MapTypes
    layout: Layout
    boot: int = 0
    """When the machine was started, in nanoseconds since 1970."""
    lenient: bool = False
    """Takes keys and values that a map can hold but no packet has."""
    devices: DeviceNames | None = None
    """Those that its values are, if they are to be told by name."""

    @cached_property
    def raw(self) -> Layout:
        """The same types, without what their names mean."""
        return layout_of(self.map, self.types, True, self.boot)

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(
            self.types.everything.types, self.boot - HALF_A_MILLISECOND, self.lenient, self.devices
        )

    @cached_property
    def _key(self) -> Writer:
        size = self.map.bytes_key
        return self._encoder.writer("key", self.types.key_id(size), size, self.layout.padding)

    @cached_property
    def encode_value(self) -> Writer:
        size = self.map.bytes_value
        return self._encoder.writer("value", self.types.value_id(size), size)

    @cached_property
    def encode_saved_value(self) -> Writer:
        """The same of what was saved, with its padding."""
        size = self.map.bytes_value
        return self._encoder.writer("value", self.types.value_id(size), size, self.layout.value_padding)

    @cached_property
    def key_columns(self) -> tuple[str, ...]:
        key = self.layout.key
        return tuple(flat("key", one(key, bytes(key.size))))

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """What of a key can be said: its columns, and the padding that it may have."""
        padding = self.layout.padding
        return (*self.key_columns, *((padding.name,) if padding else ()))

    @cached_property
    def value_columns(self) -> tuple[str, ...]:
        value = self.layout.value
        return tuple(flat("value", one(value, bytes(value.size))))

    @cached_property
    def packing(self) -> Packing | None:
        """How many keys are written at once, if all that there is to them has a column; and their values."""
        sizes = self.map.bytes_key, self.map.bytes_value
        key = packer(self._encoder, "key", self.types.key_id(sizes[0]), sizes[0])
        value = packer(self._encoder, "value", self.types.value_id(sizes[1]), sizes[1])
        if key is None or {*key.names} != {*self.key_columns}:
            return None
        return Packing(self.map, key, value if value and {*value.names} == {*self.value_columns} else None)

    def encode_key(self, said: Input) -> bytes:
        """Without BTF, that of an array still is a number."""
        decimal = type(said) is int or (isinstance(said, str) and said.isascii() and said.isdecimal())
        untyped = refusals.is_array(self.map) and not self.types.key_id(self.map.bytes_key)
        key = (INDEX if decimal and untyped else self._key)(said, None)
        refusals.check_index(self.map, key)
        return key

    def encode_values(self, said: Input, old: Sequence[bytes], cpu: int | None, cpus: int) -> Values:
        """The value of an element, or those of all CPUs; `old` are those that it has, if it is there."""
        name, type_, size = self.map.name, self.map.type, self.map.bytes_value
        if not self.map.per_cpu:
            if cpu is not None:
                raise BadRequest(f"--cpu: {name} is of type {type_}, which has one value for all CPUs")
            if self.map.takes_programs and len(self.value_columns) == 2:
                return (self._without_program(said),)
            return (self.encode_value(said, old[0] if old else None),)
        if cpu is None and any(self.encode_value(said, bytes(size))):
            raise BadRequest(
                f"{name} has a value for each CPU, and its sum is what counts: say which CPU gets this",
                "--cpu 0 writes that of one CPU",
                f"--cpu all gives it to each: the sum is {cpus} times as much",
            )
        if cpu is not None and cpu >= cpus:
            raise BadRequest(f"--cpu: there is no CPU {cpu}", f"known: 0 to {cpus - 1}, or all")
        whom = range(cpus) if cpu in (None, EVERY_CPU) else (cpu,)
        before: Sequence[bytes | None] = old or [None] * cpus
        pairs = enumerate(before)
        return tuple(self.encode_value(said, b) if c in whom else b or bytes(size) for c, b in pairs)

    def _without_program(self, said: Input) -> bytes:
        """A program is read as its id, and written as a number that only who has it open knows."""
        first, program = self.value_columns
        alone = not isinstance(said, Mapping) and set(str(said)).isdisjoint(",=[{")
        value = self.encode_value({first: said} if alone else said, bytes(self.map.bytes_value))
        if any(value[self.map.bytes_value // 2 :]):
            raise NotOffered(
                f"{self.map.name}: the kernel takes a program only from a process that has it open",
                f"leave {program} out: without one, packets go their way all the same",
            )
        return value

    def look_alike(self, key: bytes, other: bytes) -> bool:
        """Whether all that differs is padding."""
        padding = self.layout.padding
        return padding is not None and padding.cleared(key) == padding.cleared(other)

    def decode_key(self, key: bytes) -> Value:
        return one(self.layout.key, key)

    def key_in_words(self, key: bytes) -> str:
        """A key as it can be said."""
        shown = self.decode_key(key)
        text = prefix(shown) if self.map.type == "lpm_trie" else ""
        text = text or format_input(shown)
        is_number = isinstance(self.layout.key, Leaf) and self.layout.key.code
        return text if is_number else words_for(key, text, self._key)

    def decode_entry(self, key: bytes, values: Sequence[bytes], per_cpu: bool = False) -> Entry:
        chunk = Chunk(
            keys=key,
            values=b"".join(values),
            key_size=self.map.bytes_key,
            stride=self.map.bytes_value,
            cpus=len(values),
        )
        [entry] = decode(chunk, self.layout, per_cpu)
        return entry

    def decode_values(self, values: Sequence[bytes]) -> tuple[Value, ...]:
        """What values mean: of all CPUs together, or each where that can't be said; of none, nothing."""
        if len(values) < 2 or not self.layout.typed:
            return tuple(one(self.layout.value, value) for value in dict.fromkeys(values))
        return (self.layout.value.merged(b"".join(values), self.map.bytes_value, len(values))[0],)

    def in_words(self, values: Sequence[bytes]) -> tuple[Value, ...]:
        """The same for people, who know devices by their names."""
        found = self.decode_values(values)
        return tuple(map(self.devices.shown, found)) if self.devices else found


def longest_prefix(keys: Iterable[bytes], asked: bytes) -> bytes:
    """Of a trie's keys, the longest prefix that one lies in; itself where there is none."""
    lying_in = [key for key in keys if _lies_in(asked, key)]
    return max(lying_in, key=_length, default=asked)


def _length(key: bytes) -> int:
    """It comes first, then the bits."""
    return int.from_bytes(key[:4], sys.byteorder)


def _lies_in(inner: bytes, outer: bytes) -> bool:
    length, behind = _length(outer), 8 * (len(outer) - 4) - _length(outer)
    return length <= _length(inner) and _bits(inner) >> behind == _bits(outer) >> behind


def _bits(key: bytes) -> int:
    return int.from_bytes(key[4:], "big")
