"""What is asked for of a map, and what is told of the rest; the map is made up."""

from collections.abc import Callable
from itertools import chain

import pytest
from msgspec.structs import replace

from xdpctl.core.btf.notation import as_types
from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.companions import Beside, CountedInEntries
from xdpctl.core.maps.decode import Layout, bytes_as_they_are, layout
from xdpctl.errors import BadRequest
from xdpctl.ops import dump
from xdpctl.ops.dump import Dump, Request
from xdpctl.tools import host
from xdpctl.tools.maps import reading
from xdpctl.tools.maps.find import Found

Holding = Callable[..., None]
ARRAY = Map(MapId(7), "array", "m", 4, 8, 257)
TYPED = layout(*as_types("key:u32 value:{packets:u64}"), (4, 8), raw=False)
M = Request("m", Reach("/nowhere", (), lambda _: None))
COUNTS = (0, 7, 5, 0)
ALONE = Beside()


@pytest.fixture
def holding(monkeypatch: pytest.MonkeyPatch) -> Holding:
    """Makes m hold these counts."""

    def hold(counts: tuple[int, ...], layout: Layout = TYPED, kept: Beside = ALONE) -> None:
        keys = b"".join(number.to_bytes(4, "little") for number in range(len(counts)))
        values = b"".join(count.to_bytes(8, "little") for count in counts)
        under_way = reading.Reading(
            of=reading.Readable(ARRAY, layout, kept),
            raw=False,
            via=None,
            per_cpu=False,
            chunks=iter([Chunk(keys, values, 4, 8)] if counts else []),
            total=None,
            held=CountedInEntries({}, is_sum=True),
        )
        monkeypatch.setattr(reading, "start", lambda *_: under_way)

    monkeypatch.setattr(host, "require_privileges", lambda: None)
    monkeypatch.setattr(dump, "find_map", lambda *_: Found(ARRAY, None))
    return hold


def keys(found: Dump) -> list[object]:
    return [entry.key for entry in chain.from_iterable(found.entries)]


def test_zeros_of_a_large_array_are_hidden_unless_asked_for(holding: Holding) -> None:
    holding(COUNTS)
    found = dump.dump(M)
    assert (keys(found), found.notes, found.nothing_matched()) == ([1, 2], (), ())
    assert found.zeros_hidden() == ("2 elements of m are zero: --json shows them too",)
    holding(COUNTS)
    found = dump.dump(replace(M, zeros=True))
    assert (keys(found), found.zeros_hidden()) == ([0, 1, 2, 3], ())


def test_totals_are_of_what_matches_also_where_the_first_alone_are_shown(holding: Holding) -> None:
    holding(COUNTS)
    found = dump.dump(replace(M, where="packets < 7", sort="key", top=1, totals=True, zeros=True))
    assert (keys(found), found.selection.totals) == ([3], {"packets": 5})
    holding(COUNTS)
    assert keys(dump.dump(replace(M, top=1))) == [1], "the most packets, where nothing is said"


def test_what_is_told_where_nothing_matches_and_where_nothing_is(holding: Holding) -> None:
    holding(COUNTS)
    found = dump.dump(replace(M, where="packets > 7"))
    assert (keys(found), found.nothing_matched()) == ([], ("nothing in m matches --where",))
    holding(())
    found = dump.dump(replace(M, where="packets > 7"))
    assert (keys(found), found.notes, found.nothing_matched()) == ([], ("m is empty",), ())


def test_what_is_told_of_the_map_itself(holding: Holding) -> None:
    holding(COUNTS, bytes_as_they_are(4, 8), Beside(ipv6_map_of="flows"))
    assert dump.dump(M).notes == (
        "m holds flows over IPv6 alone: flows shows all of them",
        "m has no BTF: its bytes are shown as they are",
    )


def test_a_condition_or_an_order_that_cannot_be_is_refused_at_once(holding: Holding) -> None:
    for wrong, words in (({"where": "x > 1"}, "no column 'x'"), ({"sort": "y"}, "no column 'y'")):
        holding(COUNTS)
        with pytest.raises(BadRequest, match=words):
            dump.dump(replace(M, **wrong))
    with pytest.raises(BadRequest, match="which has one value for all CPUs"):
        dump.dump(replace(M, per_cpu=True))
