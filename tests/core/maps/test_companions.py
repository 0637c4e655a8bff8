"""What a program counts beside its map."""

import pytest

from xdpctl.core.btf.types import BtfDump, BtfType, Variable
from xdpctl.core.maps.companions import Beside, CountedInEntries, beside, lost
from xdpctl.core.maps.decode import Entry

LOST, LOST_BYTES = Variable(2, 0, 8), Variable(3, 8, 8)
BTF = BtfDump(
    (
        BtfType(1, "VAR", "pkt_cnt"),
        BtfType(2, "VAR", "pkt_cnt_lost"),
        BtfType(3, "VAR", "pkt_cnt_lost_bytes"),
        BtfType(4, "VAR", "pkt_cnt_all"),
        BtfType(5, "VAR", "pkt_cnt6"),
        BtfType(6, "DATASEC", ".bss", vars=(LOST, LOST_BYTES)),
        BtfType(7, "DATASEC", ".maps", vars=(Variable(1, 0, 32), Variable(4, 0, 32), Variable(5, 0, 32))),
    )
)


def test_names_tell_what_is_there() -> None:
    found = beside(BTF, "pkt_cnt", "flow", True)
    assert found == Beside((("packets", LOST), ("bytes", LOST_BYTES)), "pkt_cnt_all", "pkt_cnt6")
    other = beside(BTF, "pkt_cnt", "__u32", False)
    assert (other.ipv6_map, other.total_map) == ("", ""), "maps of something else that are called so"
    assert beside(BTF, "other", "flow", True) == Beside()
    assert beside(BtfDump(()), "pkt_cnt", "", True) == Beside()


def test_lost_packets_are_read_from_the_global_variables() -> None:
    kept = beside(BTF, "pkt_cnt", "", False)
    assert lost(kept, (7).to_bytes(8, "little") + (700).to_bytes(8, "little")) == {"packets": 7, "bytes": 700}


@pytest.mark.parametrize(
    ("whole", "values", "is_sum", "expected"),
    [
        ({"packets": 10}, [{"packets": 3}, {"packets": 4}], True, {"packets": 3}),
        ({"packets": 10, "bytes": 99}, [{"bytes": 9, "packets": 4}], True, {"packets": 6, "bytes": 90}),
        ({"packets": 10}, [], True, {"packets": 10}),
        ({"packets": 10}, [4], True, {"packets": 6}),
        ({"packets": 10}, [64], False, {}),
        ({"packets": 10}, [{"min_length": 64}], True, {}),
        ({"packets": 3}, [{"packets": 5}], True, {"packets": 0}),
    ],
)
def test_what_no_entry_holds_is_forgotten(
    whole: dict[str, int], values: list[object], is_sum: bool, expected: dict[str, int]
) -> None:
    held = CountedInEntries(whole, is_sum)
    for i, value in enumerate(values):
        held.add([Entry(i, value)])  # type: ignore[arg-type]
    held.add([])
    assert held.forgotten == expected
