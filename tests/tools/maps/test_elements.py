"""Elements through bpftool and libbpf: what is asked, what answers mean, and where a change ended."""

import errno
import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.change import Change, How
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.refusals import NOT_SUPPORTED
from xdpctl.errors import HalfDone, HostLacks, Interrupted, Refused
from xdpctl.tools import libbpf, proc
from xdpctl.tools.libbpf import maps
from xdpctl.tools.libbpf.maps import Answer
from xdpctl.tools.maps import elements
from xdpctl.tools.maps.elements import KernelAnswer, Refusal, WriteOutcome

Stub = Callable[..., Callable[[], list[str]]]
HASH = Map(MapId(7), "hash", "m", 2, 1, 9)
PER_CPU = Map(MapId(8), "percpu_hash", "m", 2, 1, 9)
MANY = tuple(Element(bytes([n, 0]), (b"\1",)) for n in range(5))


@pytest.mark.parametrize(
    ("map_", "out", "values"),
    [
        (HASH, b'{"key":["0x01","0x02"],"value":["0x05"]}', (b"\5",)),
        (HASH, b'{"key":["0x01","0x02"],"value":["0x05"],"formatted":{"key":[1,2],"value":5}}', (b"\5",)),
        (
            PER_CPU,
            b'{"key":["0x01","0x02"],"values":[{"cpu":0,"value":["0x05"]},{"cpu":1,"value":["0x06"]}]}',
            (b"\5", b"\6"),
        ),
    ],
)
def test_an_element(map_: Map, out: bytes, values: tuple[bytes, ...], stub: Stub) -> None:
    calls = stub("bpftool", out)
    assert elements.lookup(map_, b"\1\2") == values
    assert calls() == [f"bpftool -j -n map lookup id {map_.id} key hex 01 02"]


def test_what_is_not_there(stub: Stub) -> None:
    stub("bpftool", b"null", status=254)
    assert elements.lookup(HASH, b"\1\2") == ()


def test_the_next_key(stub: Stub) -> None:
    stub("bpftool", b'{"key":["0x01","0x02"],"next_key":["0x0a","0xff"]}')
    assert elements.following(HASH, b"\1\2") == b"\x0a\xff"


@pytest.mark.parametrize(
    ("said", "status", "number"),
    [
        ("lookup failed: Unknown error 524", 244, NOT_SUPPORTED),
        ("update failed: Argument list too long", 249, errno.E2BIG),
        ("something of another version", 249, errno.E2BIG),
        ("update failed: Operation not permitted", 255, errno.EPERM),
    ],
)
def test_what_the_kernel_said(said: str, status: int, number: int, stub: Stub) -> None:
    stub("bpftool", f'{{"error":"{said}"}}'.encode(), status=status)
    with pytest.raises(Refusal) as caught:
        elements.lookup(HASH, b"\1\2")
    assert caught.value.answer == KernelAnswer(number, said)


def through_libbpf(monkeypatch: pytest.MonkeyPatch, answers: list[int], interrupted_at: int = -1) -> None:
    def change(*_: Any) -> Iterator[Answer]:
        for place, answer in enumerate(answers):
            if place == interrupted_at:
                signal.raise_signal(signal.SIGINT)
            yield Answer(int(not answer), answer)

    monkeypatch.setattr(libbpf, "installed", lambda: "libbpf.so.1")
    monkeypatch.setattr(maps, "change", change)


def test_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    through_libbpf(monkeypatch, [0, 0, errno.E2BIG, 0])
    full = KernelAnswer(errno.E2BIG, "Argument list too long")
    assert elements.apply(Change(HASH, MANY)) == WriteOutcome(2, full, 2)


def test_what_had_gone_already(monkeypatch: pytest.MonkeyPatch) -> None:
    through_libbpf(monkeypatch, [0, errno.ENOENT, 0, 0, 0])
    assert elements.apply(Change(HASH, MANY, gone_is_fine=True)) == WriteOutcome(4)


def test_ctrl_c_tells_how_far_it_got(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is being written when it comes counts too."""
    through_libbpf(monkeypatch, [0] * 5, interrupted_at=2)
    with pytest.raises(Interrupted, match="interrupted after 3 of 5 elements"):
        elements.apply(Change(HASH, MANY))


def test_ctrl_c_while_bpftool_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(libbpf, "installed", lambda: "")
    monkeypatch.setattr(proc, "act", interrupted)
    with pytest.raises(Interrupted, match="interrupted after 0 of 5 elements, and at most 5 more"):
        elements.apply(Change(HASH, MANY))


def test_values_that_differ_take_libbpf(monkeypatch: pytest.MonkeyPatch, stub: Stub) -> None:
    monkeypatch.setattr(libbpf, "installed", lambda: "")
    with pytest.raises(HostLacks, match="bpftool alone gives all CPUs the same value"):
        elements.apply(Change(PER_CPU, [Element(b"\1\2", (b"\1", b"\2"))]))


def test_what_would_be_done() -> None:
    change = Change(HASH, [Element(b"\1\2", (b"\3",)), Element(b"\1\3"), *MANY], How.NEW)
    assert [*elements.shown(change)] == [
        "bpftool -j -n map update id 7 key hex 01 02 value hex 03 noexist",
        "bpftool -j -n map delete id 7 key hex 01 03",
        "bpftool -j -n map update id 7 key hex 00 00 value hex 01 noexist",
        "# and so on: 7 elements in all",
    ]
    [line] = elements.shown(Change(PER_CPU, [Element(b"\1\2", (b"\1", b"\2"))]))
    assert line == "# through libbpf, key 01 02 of id 8: 01 on CPU 0, 02 on CPU 1"


@pytest.mark.parametrize(
    ("out", "status", "why"),
    [
        (b"", 0, "another element than the one"),
        (b"null", 0, "can't read"),
        (b"{}", 0, "can't read"),
        (b'{"key":["0x01","0x03"],"value":["0x05"]}', 0, "another element than the one"),
        (b'{"key":["0x01","0x02"],"value":["0x05"', 0, "can't read"),
        (b'{"error":"Input/output error"}', 0, "bpftool: Input/output error"),
        (b"", 254, "bpftool: failed with status 254"),
        (b"null", 1, "bpftool: failed with status 1"),
        (b"null", 255, "bpftool: failed with status 255"),
    ],
)
def test_what_is_no_answer(out: bytes, status: int, why: str, stub: Stub) -> None:
    stub("bpftool", out, status=status)
    with pytest.raises(Refused, match=why):
        elements.lookup(HASH, b"\1\2")
    with pytest.raises(Refused):
        elements.following(HASH, b"\1\2")


@pytest.mark.parametrize("digits", ["0x1", "0x100", "1", "0x 1", "-0x1"])
def test_a_next_key_of_no_bytes(digits: str, stub: Stub) -> None:
    stub("bpftool", f'{{"next_key":["0x01","{digits}"]}}'.encode())
    with pytest.raises(Refused, match="can't read"):
        elements.following(HASH, None)


def test_a_next_key_of_another_size(stub: Stub) -> None:
    stub("bpftool", b'{"next_key":["0x01"]}')
    with pytest.raises(Refused, match="a key of 1 bytes"):
        elements.following(HASH, None)


def acts(monkeypatch: pytest.MonkeyPatch, out: bytes, status: int = 0) -> None:
    monkeypatch.setattr(libbpf, "installed", lambda: "")
    monkeypatch.setattr(proc, "act", lambda argv: proc.Result(argv, status, out, ""))


def ran(*outputs: str) -> bytes:
    return json.dumps([{"command": [], "output": json.loads(out)} for out in outputs]).encode()


def test_bpftool_writes_many(monkeypatch: pytest.MonkeyPatch) -> None:
    acts(monkeypatch, ran(*["null"] * 5))
    assert elements.apply(Change(HASH, MANY)) == WriteOutcome(5)
    acts(monkeypatch, ran("null", '{"error":"update failed: Argument list too long"}'), 255)
    full = KernelAnswer(errno.E2BIG, "update failed: Argument list too long")
    assert elements.apply(Change(HASH, MANY)) == WriteOutcome(1, full, 1)


@pytest.mark.parametrize(
    ("out", "status", "why"),
    [
        (b"", 0, "nothing at all"),
        (b"[]", 0, "nothing of what was asked for"),
        (b"", -9, "ended by signal 9"),
        (ran("null", "7"), 0, "not that it has done it"),
        (ran("null", "null"), 1, "failed with status 1"),
    ],
)
def test_bpftool_that_does_not_say_what_it_wrote(
    out: bytes, status: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts(monkeypatch, out, status)
    with pytest.raises(HalfDone, match=why) as caught:
        elements.apply(Change(HASH, MANY))
    assert caught.value.hints[0] == "0 of 5 elements were written before that, and at most 5 more"


def test_one_element_of_which_it_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for out, why in ((b"", "not that it has done it"), (b"{}", "not that it has done it")):
        acts(monkeypatch, out)
        with pytest.raises(Refused, match=why):
            elements.apply(Change(HASH, MANY[:1]))
