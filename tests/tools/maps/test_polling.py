"""Several maps by one bpftool: those that are there, those that have gone, and what is no answer."""

from collections.abc import Callable

import pytest

from xdpctl.core.machine.model import Map, MapId, Via
from xdpctl.errors import Refused
from xdpctl.tools.maps.polling import Poller

Stub = Callable[..., Callable[[], list[str]]]
MAPS = tuple(Map(MapId(number), "hash", f"m{number}", 1, 1, 4) for number in (7, 8))
ELEMENT = b'[{"key":["0x01"],"value":["0x02"]}]'
GONE = b'{"error":"get map by id (8): No such file or directory"}'


def batch(*outputs: bytes) -> bytes:
    return b"[" + b",".join(b'{"command":["map"],"output":' + output + b"}" for output in outputs) + b"]"


def test_a_map_that_has_gone_is_left_out(stub: Stub) -> None:
    stub("bpftool", batch(ELEMENT, GONE), status=255)
    readings = Poller(Via.BPFTOOL).poll(MAPS)
    assert [(id_, reading.chunks[0].values) for id_, reading in readings.items()] == [(7, b"\2")]


@pytest.mark.parametrize(
    ("out", "status", "why"),
    [
        (b"", 0, "nothing at all"),
        (b"[]", 0, "nothing of what was asked for"),
        (b"null", 0, "can't read"),
        (batch(ELEMENT)[:-9], 0, "can't read"),
        (batch(ELEMENT, b"null"), 0, "can't read"),
        (batch(ELEMENT, b'{"error":"Input/output error"}'), 255, "m8 can't be dumped: bpftool: Input/output"),
        (b"", 1, "bpftool: failed with status 1"),
        (batch(ELEMENT, ELEMENT), 1, "bpftool: failed with status 1"),
    ],
)
def test_what_is_no_answer(out: bytes, status: int, why: str, stub: Stub) -> None:
    stub("bpftool", out, status=status)
    with pytest.raises(Refused, match=why):
        Poller(Via.BPFTOOL).poll(MAPS)
