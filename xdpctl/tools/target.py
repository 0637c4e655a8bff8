"""A map whose elements are spoken of: how to write and how to show its keys and values."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.btf.columns import Column, Leaf, one
from xdpctl.core.btf.types import Types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.encode.members import Writer
from xdpctl.core.encode.numbers import native, number
from xdpctl.core.encode.text import Input, split_head
from xdpctl.core.encode.words import format_input, parse_input, prefix
from xdpctl.core.machine.model import Map
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import refusals
from xdpctl.core.maps.batch_file import BatchColumns
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Entry, decode
from xdpctl.core.maps.elements import Change, Element
from xdpctl.core.maps.prefixes import longest
from xdpctl.core.query.rows import columns
from xdpctl.core.values.value import Value, flat
from xdpctl.errors import BadRequest, HalfDone, XdpctlError
from xdpctl.tools import host, netns
from xdpctl.tools.maps import content, elements, types
from xdpctl.tools.maps.find import Found, find_map, find_map_to_write

HALF_A_MILLISECOND = 500_000
"""In nanoseconds. Times are shown to the millisecond; one that is said is meant to be in the middle."""


class MapEditor:
    def __init__(
        self, name: str, found: Found, as_: str = "", *, raw: bool = False, lenient: bool = False
    ) -> None:
        """`lenient` takes keys and values that a map can hold but no packet has."""
        self.map, self.pin, self.name = found.map, found.pin, name
        refusals.check_keys(self.map)
        self.types = types.told(self.map, as_) if as_ else types.of(self.map)
        self.layout = types.layout(self.map, self.types, raw)
        if self.layout.typed and not self.types.key_and_value.types and self.map.bytes_key == 4:
            self.types = types.told(self.map, f"key:u32 value:{_of_kind(self.layout.value)}")
        boot = host.boot_time() - HALF_A_MILLISECOND
        self._encoder = Encoder(self.types.everything.types, boot, lenient)

    @cached_property
    def key(self) -> Writer:
        return self._writer("key", 0, self.map.bytes_key)

    @cached_property
    def value(self) -> Writer:
        return self._writer("value", 1, self.map.bytes_value)

    def _writer(self, what: str, place: int, size: int) -> Writer:
        return self._encoder.writer(what, self._type(place, size), size)

    def _type(self, place: int, size: int) -> int:
        """Of the key or of the value; 0 for mere bytes, also where something else has taken its place."""
        ends = self.types.key_and_value.types
        type_id = ends[place].id if len(ends) == 2 else 0
        return type_id if Types(self.types.everything.types).size(type_id) == size else 0

    @property
    def value_type(self) -> int:
        return self._type(1, self.map.bytes_value)

    @cached_property
    def columns(self) -> BatchColumns:
        key = self.layout.key
        of_key = tuple(flat("key", one(key, bytes(key.size))))
        return BatchColumns(of_key, tuple(columns(self.layout))[len(of_key) :])

    @property
    def key_names(self) -> frozenset[str]:
        """By which members of the key are spoken of."""
        return frozenset(split_head(name)[0] for name in self.columns.key)

    def key_bytes(self, said_: Input) -> bytes:
        plain = isinstance(said_, str) and said_.isascii() and said_.isdecimal()
        if plain and refusals.is_array(self.map) and not self._type(0, self.map.bytes_key):
            said_ = (
                f"0x{native(number(said_, 0, (1 << 32) - 1), 4).hex()}"  # without BTF, it still is a number
            )
        key = self.key(said_, None)
        refusals.check_index(self.map, key)
        return key

    def held(self, key: bytes) -> tuple[bytes, ...]:
        """The value that exactly this key has, or those of all CPUs; none where there is no such key."""
        try:
            values = elements.lookup(self.map, key)
        except elements.Refusal as refusal:
            raise self.refusal(refusal.answer, key) from None
        return () if values and self.map.type == "lpm_trie" and self.matching(key) != key else values

    def matching(self, key: bytes) -> bytes:
        """Of a trie's keys, the longest prefix that a key lies in."""
        return longest((k for chunk in content.start(self.map) for k in keys_of(chunk)), key)

    def refusal(self, answer: elements.KernelAnswer, key: bytes) -> XdpctlError:
        return refusals.refusal(self.map, self.name, answer.number, answer.said, self.words(key))

    def check_room(self, keys: Iterable[bytes], which: str) -> None:
        """Whether elements with these keys fit in beside those that are there."""
        if self.map.forgets or refusals.is_array(self.map):
            return
        count = len({element.key for element in elements_of(self.map)}.union(keys))
        if count > self.map.max_entries:
            raise BadRequest(
                f"with {which}, {self.map.name} would hold {count} elements: "
                f"it has room for {self.map.max_entries}",
                "build it with a larger max_entries",
                f"or empty it first: xdpctl map clear {self.name}",
            )

    def no_such_key(self, key: bytes) -> XdpctlError:
        return self.refusal(elements.MISSING, key)

    def words(self, key: bytes) -> str:
        """A key as it can be said: in hexadecimal, if there are no words that give it."""
        shown = self.shown_key(key)
        text = format_input(shown)
        if self.map.type == "lpm_trie" and isinstance(shown, dict):
            text = prefix(shown) or text
        if isinstance(self.layout.key, Leaf) and self.layout.key.code:
            return text
        return text if self._means(text, key) else self._as_bytes(key)

    def _means(self, text: str, key: bytes) -> bool:
        try:
            return self.key(parse_input([text]), None) == key
        except BadRequest:
            return False

    def _as_bytes(self, key: bytes) -> str:
        """Text that isn't quite text can only be told as numbers."""
        numbers = ([*key], [byte - 256 if byte > 127 else byte for byte in key])
        ways = (f"hex:{key.hex()}", *(f"[{','.join(map(str, way))}]" for way in numbers))
        return next((way for way in ways if self._means(way, key)), ways[0])

    def entry(self, key: bytes, values: Sequence[bytes], per_cpu: bool = False) -> Entry:
        chunk = Chunk(key, b"".join(values), self.map.bytes_key, self.map.bytes_value, len(values))
        [entry] = decode(chunk, self.layout, per_cpu)
        return entry

    def merged(self, values: Sequence[bytes]) -> tuple[Value, ...]:
        """What values mean: of all CPUs together, or each where that can't be said; of none, nothing."""
        if len(values) < 2 or not self.layout.typed:
            return tuple(one(self.layout.value, value) for value in dict.fromkeys(values))
        return (self.layout.value.merged(b"".join(values), self.map.bytes_value, len(values))[0],)

    def stopped(self, change: Change, outcome: elements.WriteOutcome) -> XdpctlError:
        """What was refused, and what had been done by then."""
        error = self.refusal(outcome.answer, change.elements[outcome.tried].key)
        if len(change.elements) == 1:
            return error
        done = f"{outcome.done} of {len(change.elements)} elements were written before that, and stay so"
        kind = HalfDone if outcome.done else type(error)
        return kind(error.message, done, *error.hints)

    def shown_key(self, key: bytes) -> Value:
        return one(self.layout.key, key)


def to_read(name: str, reach: Reach, as_: str = "", *, raw: bool = False) -> MapEditor:
    host.require_privileges()
    return MapEditor(name, find_map(name, reach), as_, raw=raw, lenient=True)


def to_write(name: str, directory: str, as_: str = "", *, lenient: bool = False) -> MapEditor:
    host.require_privileges()
    return MapEditor(name, find_map_to_write(name, directory), as_, lenient=lenient)


def _of_kind(value: Column) -> str:
    """The value of a map whose type alone tells what it holds: numbers."""
    if isinstance(value, Leaf):
        return "u32"
    members = ",".join(f"{name}:u32" for name, *_ in value.members)
    return f"{{{members}}}"


class Writing(Struct, frozen=True):
    """What is about to be written to a map."""

    target: MapEditor
    change: Change

    def within(self, netns_name: str) -> Self:
        """The same in a network namespace, where that makes a difference."""
        if not (netns_name and self.change.map.holds_devices):
            return self
        return replace(self, change=replace(self.change, inside=netns.named(netns_name).prefix))

    def commands(self) -> list[str]:
        return list(elements.shown(self.change))

    def run(self) -> int:
        """How many elements were written or deleted: all of them, or an error tells where it ended."""
        outcome = elements.apply(self.change)
        if outcome.answer.number:
            raise self.target.stopped(self.change, outcome)
        return outcome.done


def elements_of(map_: Map) -> Iterator[Element]:
    """All that a map holds."""
    for chunk in content.start(map_):
        if chunk.values:
            starts = range(0, len(chunk.values), chunk.stride)
            values = [chunk.values[start : start + map_.bytes_value] for start in starts]
            for place, key in enumerate(keys_of(chunk)):
                yield Element(key, tuple(values[place * chunk.cpus : (place + 1) * chunk.cpus]))


def keys_of(chunk: Chunk) -> Iterator[bytes]:
    size = chunk.key_size
    return (chunk.keys[place : place + size] for place in range(0, len(chunk.keys), size))


def zeros(map_: Map) -> tuple[bytes, ...]:
    """The value of an element in which nothing was counted."""
    return (bytes(map_.bytes_value),) * (host.possible_cpus() if map_.per_cpu else 1)


def all_indexes(map_: Map) -> Iterator[bytes]:
    return (index.to_bytes(4, sys.byteorder) for index in range(map_.max_entries))
