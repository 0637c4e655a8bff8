"""What a map holds, and why that can't be known."""

from collections.abc import Callable

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.refusals import NotTold
from xdpctl.errors import Gone, Refused, UnreadableAnswer
from xdpctl.tools.maps import content, snapshot

Stub = Callable[..., Callable[[], list[str]]]
HASH = Map(MapId(7), "hash", "m", 1, 1, 4)
ARRAY = Map(MapId(7), "array", "m", 1, 1, 2)
UNKNOWN = Map(MapId(7), 99, "m", 1, 1, 4)
SOCKETS = Map(MapId(7), "xskmap", "m", 1, 1, 4)
ELEMENT = b'{"key":["0x01"],"value":["0x02"]}'


def lacking(why: str) -> bytes:
    return b'[{"key":["0x01"],"value":{"error":"%s"}}]' % why.encode()


@pytest.mark.parametrize(
    ("map_", "out", "status", "kind", "why"),
    [
        (HASH, b'{"error":"get map by id (7): No such file or directory"}', 255, Gone, "has gone meanwhile"),
        (HASH, b"[" + ELEMENT + b"]", 1, Refused, "m can't be dumped: bpftool: failed with status 1"),
        (HASH, b"[]", 234, Refused, "failed with status 234"),
        (UNKNOWN, b"[]", 234, NotTold, "the kernel doesn't tell what is in a map of type 99"),
        (UNKNOWN, b"", 234, Refused, "failed with status 234"),
        (HASH, b'{"error":"Input/output error"}', 0, Refused, "bpftool: Input/output error"),
        (HASH, lacking("Input/output error"), 0, Refused, "m can't be dumped: bpftool: Input/output error"),
        (SOCKETS, lacking("Operation not supported"), 0, NotTold, "what is in a map of type xskmap"),
        (ARRAY, b"[" + ELEMENT + b"]", 0, UnreadableAnswer, "1 of the 2 elements of m"),
        (ARRAY, b"[]", 0, UnreadableAnswer, "0 of the 2 elements of m"),
        (HASH, b"[" + ELEMENT + b",", 0, UnreadableAnswer, "can't read"),
        (HASH, b"[" + ELEMENT, 0, UnreadableAnswer, "can't read"),
        (HASH, b"[" + ELEMENT.replace(b"0x02", b"0xg2") + b"]", 0, UnreadableAnswer, "bytes that are none"),
        (
            HASH,
            b"[" + ELEMENT.replace(b"key", b"kee") + b"," + ELEMENT + b"]",
            0,
            UnreadableAnswer,
            "can't read",
        ),
    ],
)
def test_why_not(map_: Map, out: bytes, status: int, kind: type[Refused], why: str, stub: Stub) -> None:
    stub("bpftool", out, status=status)
    with pytest.raises(Refused, match=why) as caught:
        list(content.start(map_))
    assert type(caught.value) is kind


def test_what_the_kernel_does_not_tell_is_left_out_and_nothing_else(stub: Stub) -> None:
    ring = Map(MapId(5), "ringbuf", "ring", 0, 0, 4096)
    keyless = Map(MapId(6), 99, "keyless", 0, 1, 4)
    stub("bpftool", b"[" + ELEMENT + b"]")
    assert {id_: found.values for id_, found in snapshot.contents((ring, keyless, HASH)).items()} == {
        7: b"\2"
    }
    with pytest.raises(Refused, match="1 of the 2 elements"):
        snapshot.contents((ring, ARRAY))
