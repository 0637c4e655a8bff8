"""Elements that come twice are known again."""

from hypothesis import given
from hypothesis import strategies as st

from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.first_seen import Seen


def chunk(numbers: list[int], cpus: int = 1) -> Chunk:
    keys = b"".join(n.to_bytes(3, "little") for n in numbers)
    return Chunk(keys, b"".join(n.to_bytes(2, "little") * cpus for n in numbers), 3, 2, cpus)


@given(st.lists(st.lists(st.integers(0, 99))), st.integers(1, 3))
def test_every_element_comes_once(batches: list[list[int]], cpus: int) -> None:
    seen = Seen(5)
    found = [seen.only_new(chunk(numbers, cpus)) for numbers in batches]
    once = list(dict.fromkeys(number for numbers in batches for number in numbers))
    assert b"".join(part.keys for part in found) == chunk(once).keys
    assert b"".join(part.values for part in found) == chunk(once, cpus).values


def test_a_chunk_of_new_ones_is_left_as_it_is() -> None:
    all_new = chunk([1, 2, 3])
    assert Seen(9).only_new(all_new) is all_new
