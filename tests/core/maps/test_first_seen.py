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


@given(st.lists(st.integers(0, 99), unique=True), st.lists(st.integers(0, 120), max_size=40))
def test_known_keys_are_struck_off_once(known: list[int], asked: list[int]) -> None:
    seen = Seen(5)
    seen.only_new(chunk(known))
    unknown = next((place for place, number in enumerate(asked) if number not in known), None)
    before = asked[:unknown]
    first = [place for place, number in enumerate(before) if number not in before[:place]]
    assert seen.struck_off(chunk(asked).keys, 3) == (first, unknown)
    assert seen.struck_off(chunk(before).keys, 3) == ([], None)
