"""What is to be written, and as the kernel takes it."""

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.change import Change, emptied
from xdpctl.core.maps.chunk import Chunk, Element

HASH = Map(MapId(7), "hash", "m", 4, 2, 9)
PER_CPU = Map(MapId(8), "percpu_hash", "m", 4, 2, 9)


@pytest.mark.parametrize(
    ("map_", "values", "taken"),
    [
        (HASH, (b"\1\2",), b"\1\2"),
        (PER_CPU, (b"\1\2", b"\3\4"), b"\1\2" + bytes(6) + b"\3\4" + bytes(6)),
        (PER_CPU, (b"\1" * 8, b"\2" * 8), b"\1" * 8 + b"\2" * 8),
        (PER_CPU, (b"\1\2",), b"\1\2" + bytes(6)),  # a machine with one CPU
        (HASH, (), None),
    ],
)
def test_as_the_kernel_takes_them(map_: Map, values: tuple[bytes, ...], taken: bytes | None) -> None:
    assert list(Change(map_, (Element(b"k", values),)).for_kernel) == [(b"k", taken)]


@pytest.mark.parametrize(("map_type", "count"), [("array", 1), ("percpu_array", 3)])
def test_an_empty_array(map_type: str, count: int) -> None:
    found = emptied(Map(MapId(7), map_type, "m", 4, 2, 2), 3)
    assert [element.values for element in found] == [(b"\0\0",) * count] * 2
    assert sorted(found[1].key) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("chunk", "elements"),
    [
        (Chunk(b"abcd", b"\1\2", 2, 1), [Element(b"ab", (b"\1",)), Element(b"cd", (b"\2",))]),
        (
            Chunk(b"abcd", b"\1...\2...\3...\4...", 2, 4, 2),
            [Element(b"ab", (b"\1", b"\2")), Element(b"cd", (b"\3", b"\4"))],
        ),
        (Chunk(b"abcd", b"", 2, 1), []),
    ],
)
def test_elements_of_a_chunk(chunk: Chunk, elements: list[Element]) -> None:
    assert list(chunk.elements(1)) == elements
    assert list(chunk.each_key()) == [b"ab", b"cd"]
