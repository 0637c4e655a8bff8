"""What a program has changed: bytes of a packet, elements of a map."""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Layout, decode
from xdpctl.core.values.value import Value


class ElementChange(Struct, frozen=True):
    """An element of a map, or a global variable; None where it wasn't there, or has gone."""

    key: Value
    before: Value
    after: Value


class MapContent(NamedTuple):
    """What a map held; of one that has all its elements from the start, only those that weren't zero."""

    elements: dict[bytes, bytes]
    shape: Chunk
    """Of the same sizes as all chunks of this map."""
    all_from_start: bool


def remember(chunks: Iterable[Chunk], all_from_start: bool) -> MapContent:
    elements: dict[bytes, bytes] = {}
    shape = Chunk(b"", b"", 1, 1)
    for shape in chunks:
        found = _elements(shape)
        elements.update(pair for pair in found if not all_from_start or any(pair[1]))
    return MapContent(elements, replace(shape, keys=b"", values=b""), all_from_start)


def changes(before: MapContent, chunks: Iterable[Chunk], layout: Layout) -> Iterator[list[ElementChange]]:
    """What is another now than it was, chunk by chunk."""
    elements, shape = dict(before.elements), before.shape
    for shape in chunks:
        absent = bytes(shape.stride * shape.cpus) if before.all_from_start else None
        found = [(key, elements.pop(key, absent), value) for key, value in _elements(shape)]
        yield _decoded([one for one in found if one[1] != one[2]], shape, layout)
    yield _decoded([(key, value, None) for key, value in elements.items()], shape, layout)


def _elements(chunk: Chunk) -> Iterator[tuple[bytes, bytes]]:
    """Keys with the values of all CPUs; none of those of which the kernel gives no value."""
    if not chunk.values:
        return
    keys = struct.iter_unpack(f"{chunk.key_size}s", chunk.keys)
    values = struct.iter_unpack(f"{chunk.stride * chunk.cpus}s", chunk.values)
    for (key,), (value,) in zip(keys, values, strict=True):
        yield key, value


_Found = tuple[bytes, bytes | None, bytes | None]


def _decoded(found: list[_Found], shape: Chunk, layout: Layout) -> list[ElementChange]:
    if not found:
        return []
    keys = b"".join(key for key, _, _ in found)
    olds = _values(keys, [old for _, old, _ in found], shape, layout)
    news = _values(keys, [new for _, _, new in found], shape, layout)
    return list(map(ElementChange, layout.key.values(keys, shape.key_size), olds, news))


def _values(keys: bytes, values: list[bytes | None], shape: Chunk, layout: Layout) -> list[Value]:
    nothing = bytes(shape.stride * shape.cpus)
    joined = b"".join(nothing if value is None else value for value in values)
    entries = decode(replace(shape, keys=keys, values=joined), layout)
    return [None if value is None else e.value for value, e in zip(values, entries, strict=True)]


def of_variables(changed: ElementChange) -> Iterator[ElementChange]:
    """The same of global variables, which are one element: each that is another, by its name."""
    yield from _inside("", changed.before, changed.after)


def _inside(name: str, before: Value, after: Value) -> Iterator[ElementChange]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for member, part in after.items():
            yield from _inside(f"{name}.{member}".lstrip("."), before[member], part)
    elif isinstance(before, list) and isinstance(after, list):
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _inside(f"{name}[{i}]", old, new)
    else:
        yield ElementChange(name, before, after)
