"""What bpftool is told of maps."""

import pytest

from xdpctl.core.machine.model import Argv, Map, MapId
from xdpctl.core.maps.change import How
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.new_map import new_map
from xdpctl.tools.maps import commands

MAP = Map(MapId(7), "hash", "m", 2, 1, 9)
WRITTEN = Element(b"\1\2", (b"\5",))
NEW = new_map("m", "hash", "u32", "{packets:u64,bytes:u32}", 8, ("no_prealloc", "no_prealloc"))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (commands.lookup(MAP, b"\1\2"), "bpftool -j -n map lookup id 7 key hex 01 02"),
        (commands.following(MAP, b"\1\2"), "bpftool -j -n map getnext id 7 key hex 01 02"),
        (commands.following(MAP, None), "bpftool -j -n map getnext id 7"),
        (commands.change(MAP, WRITTEN, How.ANY), "map update id 7 key hex 01 02 value hex 05"),
        (commands.change(MAP, WRITTEN, How.NEW), "map update id 7 key hex 01 02 value hex 05 noexist"),
        (commands.change(MAP, Element(b"\1\2"), How.ANY), "map delete id 7 key hex 01 02"),
        (commands.pin(MAP, "/p/m"), "bpftool -j -n map pin id 7 /p/m"),
        (
            commands.create(NEW, "/p/m"),
            "bpftool -j -n map create /p/m type hash key 4 value 16 entries 8 name m flags 1",
        ),
    ],
)
def test_what_bpftool_is_told(argv: Argv, words: str) -> None:
    assert argv == tuple(words.split())
