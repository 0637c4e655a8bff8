"""What is to be written, and as the kernel takes it."""

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.change import Change
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
        (HASH, (), b""),
    ],
)
def test_as_the_kernel_takes_them(map_: Map, values: tuple[bytes, ...], taken: bytes) -> None:
    elements = [Element(key, values) for key in (b"odd.", b"key.", b"next")]
    assert Change(map_, elements).packed(1, 3) == (b"key.next", taken * 2)


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
