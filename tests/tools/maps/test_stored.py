"""Elements that wait to be written: the same as were put in, by whatever way they are asked for."""

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.change import Change
from xdpctl.core.maps.chunk import Chunk, Element
from xdpctl.tools.maps import stored
from xdpctl.tools.maps.stored import Stored, emptied

HASH = Map(MapId(7), "hash", "m", 4, 2, 9)
PER_CPU = Map(MapId(8), "percpu_hash", "m", 4, 2, 9)


@pytest.mark.parametrize(("map_type", "count"), [("array", 1), ("percpu_array", 3)])
def test_an_empty_array(map_type: str, count: int) -> None:
    found = emptied(Map(MapId(7), map_type, "m", 4, 2, 2), 3)
    assert [element.values for element in found] == [(b"\0\0",) * count] * 2
    assert sorted(found[1].key) == [0, 0, 0, 1]


@pytest.mark.parametrize("in_memory", [1, 1 << 20])
@pytest.mark.parametrize(("map_", "cpus"), [(HASH, 1), (HASH, 0), (PER_CPU, 3)])
def test_they_come_as_they_were(
    map_: Map, cpus: int, in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "IN_MEMORY", in_memory)
    monkeypatch.setattr(stored, "AT_ONCE", 3)
    elements = [Element(b"%04d" % n, (bytes([n, 255]),) * cpus) for n in range(10)]
    found = Stored(map_, cpus)
    for start, end in ((0, 1), (1, 1), (1, 7), (7, 10)):
        found.add(*Change(map_, elements[start:end]).packed(0, end - start))
    assert [*found] == elements
    assert (found[8], found[-1], found[2:5], len(found)) == (elements[8], elements[9], elements[2:5], 10)
    assert Change(map_, found).packed(2, 9) == Change(map_, elements).packed(2, 9)
    assert [found.find(element.key) for element in elements] == [*range(10)]
    assert found.find(b"0000"[1:] + b"0") == 0
    assert found.find(b"0100") is None, "it is there, but astride two keys"


@pytest.mark.parametrize("stride", [2, 8])
def test_chunks_of_another_map(stride: int) -> None:
    """bpftool gives values of all CPUs one behind the other, the kernel as multiples of 8 bytes."""
    values = b"".join(bytes([n, 1]).ljust(stride, b"\0") for n in range(4))
    chunks = [Chunk(b"key.next", values, 4, stride, 2), Chunk(b"gone", b"", 4, stride, 2)]
    wanted = [Element(b"key.", (b"\0\1", b"\1\1")), Element(b"next", (b"\2\1", b"\3\1"))]
    assert [*stored.stored(PER_CPU, 2, chunks)] == wanted
    assert [*stored.stored(PER_CPU, 0, chunks)] == [Element(element.key) for element in wanted]
