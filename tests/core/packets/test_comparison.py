"""By how much elements grew in each of two programs."""

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.packets.comparison import CountDifference, MapDifference, growth, map_differences
from xdpctl.core.packets.map_changes import ElementChange
from xdpctl.core.values.value import Value

ARRAY, HASH = Map(MapId(1), "array", "sizes"), Map(MapId(2), "hash", "sizes")


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [
        (None, 3, 3),
        (5, 3, -2),
        (True, False, False),
        (3, None, "gone"),
        ("a", "b", "b"),
        ({"packets": 1, "bytes": 60}, {"packets": 2, "bytes": 120}, {"packets": 1, "bytes": 60}),
        (None, {"packets": 2}, {"packets": 2}),
        (None, "2026-11-29T14:03:25.777Z", "another time"),
    ],
)
def test_growth(before: Value, after: Value, grown: Value) -> None:
    assert growth(before, after) == grown


def test_what_was_there_before_does_not_matter_nor_the_order_nor_the_type() -> None:
    ones = [(ARRAY, [ElementChange(1, 0, 2), ElementChange(2, 5, 6)])]
    others = [(HASH, [ElementChange(2, None, 1), ElementChange(1, 7, 9)])]
    assert map_differences(ones, others) == ()


def test_maps_and_elements_that_only_one_has() -> None:
    bss = Map(MapId(3), "array", "xdp_one.bss")
    other = Map(MapId(4), "array", "xdp_othe.bss")
    ones = [(ARRAY, [ElementChange(1, 0, 2)]), (bss, [ElementChange("seen", 0, 1)])]
    others = [(other, [ElementChange("seen", 3, 4), ElementChange("lost", 0, 1)])]
    assert map_differences(ones, others) == (
        MapDifference("sizes", [CountDifference(1, 2, None)]),
        MapDifference(".bss", [CountDifference("lost", None, 1)]),
    )
