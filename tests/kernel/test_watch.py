"""Watching maps that count, change, and go."""

import json
import os
import pty
import select
import signal
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import PIN, XDPCTL, Lab

BY_VERDICT = ("--type", "percpu_array", "--key", "verdict", "--field", "packets", "--field", "bytes")
INTERVAL = ("--interval", "0.2", "--count", "100")


class Watch:
    """A watch that goes on beside a test, of which each line is read as it comes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.time = ""

    def next(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.stderr and self.process.stderr.read()
        found: dict[str, Any] = json.loads(line)
        assert found["time"] >= self.time, "lines and events come in their order"
        self.time = found["time"]
        return found

    def until(self, **wanted: Any) -> dict[str, Any]:
        """The next line that says this."""
        for _ in range(50):
            line = self.next()
            if all(line.get(name) == value for name, value in wanted.items()):
                return line
        raise AssertionError(f"never: {wanted}")

    def end(self) -> str:
        """What it says after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=10)
        assert self.process.returncode == 0
        return said


@contextmanager
def watching(lab: Lab, *arguments: str) -> Iterator[Watch]:
    argv = lab.enter(XDPCTL, "watch", *arguments, *INTERVAL, "--jsonl")
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Watch(process)
        finally:
            process.kill()


@pytest.mark.parametrize("via", ["batch", "bpftool"])
def test_what_is_sent_is_what_is_counted(lab: Lab, via: str) -> None:
    lab.ok("build", *BY_VERDICT)
    lab.ok("load", "--dev", "veth0")
    with watching(lab, "pkt_cnt", "--via", via) as watch:
        lab.send([100] * 3)
        first = watch.until(key="XDP_PASS", value={"packets": 3, "bytes": 300})
        assert (first["schema"], first["map"]) == (1, "pkt_cnt")
        lab.send([1000] * 4)
        grown, rates = 0.0, [0.0]
        while grown < 4000:
            line = watch.next()
            grown, rates = line["value"]["bytes"] - 300, [*rates, line["per_second"]["bytes"] or 0.0]
        assert all(rate >= 0 for rate in rates)
        assert max(rates) > 1000
        watch.until(key="XDP_PASS", per_second={"packets": 0.0, "bytes": 0.0})
        said = watch.end()
    assert "pkt_cnt: " in said
    assert said.splitlines()[-1].startswith("total ")


def test_a_counter_that_falls_a_map_that_is_replaced_and_one_that_goes(lab: Lab) -> None:
    lab.ok("build", *BY_VERDICT)
    lab.ok("load", "--dev", "veth0")
    with watching(lab, "pkt_cnt") as watch:
        lab.send([100] * 9)
        before = watch.until(key="XDP_PASS", value={"packets": 9, "bytes": 900})
        zeros = ("0",) * 16
        lab.must("bpftool", "map", "update", "pinned", f"{PIN}/pkt_cnt", "key", *"2000", "value", *zeros)
        event = watch.until(event="pkt_cnt: packets of XDP_PASS fell from 9 to 0")
        assert event["time"] > before["time"]
        lab.ok("unload")
        assert "has gone" in watch.until(event=_Begins("pkt_cnt (id"))["event"]
        lab.ok("load", "--dev", "veth0")
        watch.until(event=_Begins("pkt_cnt is another map now"))
        lab.send([100] * 2)
        line = watch.until(key="XDP_PASS", value={"packets": 2, "bytes": 200})
        assert line["per_second"]["packets"] >= 0
        watch.end()


@pytest.mark.parametrize("via", ["batch", "bpftool"])
def test_what_finds_no_place_is_told(lab: Lab, via: str) -> None:
    lab.ok("build", "--type", "hash", "--key", "length", "--max-entries", "1", "--flag", "no_prealloc")
    lab.ok("load", "--dev", "veth0")
    lab.send([100] * 2 + [300] * 4)
    with watching(lab, "pkt_cnt", "--via", via) as watch:
        watch.until(key="64-127", value={"value": 2})
        lab.send([100, 300])
        watch.until(event="pkt_cnt has no place left: 1 packet more lost")
        watch.until(key="64-127", value={"value": 3})
        watch.end()


@pytest.mark.parametrize("via", ["batch", "bpftool"])
def test_what_an_lru_map_forgets(lab: Lab, via: str) -> None:
    lab.ok("build", "--type", "lru_percpu_hash", "--key", "length", "--max-entries", "2")
    lab.ok("load", "--dev", "veth0")
    lab.send([60])
    with watching(lab, "pkt_cnt", "--via", via) as watch:
        watch.until(key="32-63")
        lab.send([60, 100, 200, 400, 800] * 20)
        forgotten = lab.read("pkt_cnt")["forgotten"]["packets"]
        assert forgotten
        told = 0
        while told < forgotten:
            event = watch.until(event=_Begins("pkt_cnt made room for new keys: "))["event"]
            assert event.endswith(" more forgotten")
            told += int(event.split()[6])
        assert told == forgotten


class _Begins(str):
    """Equals what begins so."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(self[:])

    __hash__ = str.__hash__


def test_several_maps_and_an_end(lab: Lab) -> None:
    lab.load_spec(
        """
        [[counter]]
        map = "verdicts"
        type = "percpu_array"
        key = "verdict"
        [[counter]]
        map = "flows"
        key = "flow"
        """
    )
    lab.ping(2)
    said = lab.ok("watch", "verdicts", "flows", "--interval", "0.05", "--count", "2", "--csv").splitlines()
    assert said[0] == "time,map,key,field,total,per_second"
    assert [line.split(",")[1] for line in said[1:]] == ["verdicts", "flows"] * 3
    assert all(line.rpartition(",")[2] in ("", "0.000") for line in said[1:])


def test_a_terminal_of_any_size(lab: Lab) -> None:
    lab.ok("build", *BY_VERDICT)
    lab.ok("load", "--dev", "veth0")
    lab.send([100] * 5)
    ours, theirs = pty.openpty()
    argv = lab.enter(XDPCTL, "watch", "pkt_cnt", *INTERVAL)
    env = {**os.environ, "COLUMNS": "30", "LINES": "4"}
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=env) as process:
        os.close(theirs)
        text = _read(ours, b"\x1b[J")
        assert b"XDP_PASS" in text
        process.send_signal(signal.SIGINT)
        text += _read(ours, b"total")
        assert process.wait(timeout=10) == 0
    os.close(ours)
    screen = text.decode().partition("\x1b[J")[0]
    assert max(len(line.removesuffix("\x1b[K")) for line in screen.splitlines()[1:]) <= 30
    assert text.count(b"\x1b[?1049h") == text.count(b"\x1b[?1049l") == 1, "the terminal is as it was"


def _read(terminal: int, until: bytes) -> bytes:
    text = b""
    while until not in text and select.select([terminal], [], [], 10)[0]:
        text += os.read(terminal, 65536)
    assert until in text
    return text


@pytest.mark.parametrize("via", ["batch", "bpftool"])
@pytest.mark.parametrize("key", [b"q", b"xQ", b"\x03"], ids=["q", "Q", "Ctrl-C"])
def test_a_key_ends_it(lab: Lab, key: bytes, via: str) -> None:
    """Pressed in a terminal, where Ctrl-C is for all that runs in it; echo is as before afterwards."""
    lab.ok("build", *BY_VERDICT)
    lab.ok("load", "--dev", "veth0")
    argv = lab.enter(XDPCTL, "watch", "pkt_cnt", "--interval", "0.3", "--via", via)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    before = termios.tcgetattr(terminal)
    _read(terminal, b"\x1b[J")
    assert termios.tcgetattr(terminal) != before
    os.write(terminal, key)
    text = _read(terminal, b"total")
    assert termios.tcgetattr(terminal) == before
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"interrupted" not in text
    os.close(terminal)


def _lines(lab: Lab, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lab.ok("watch", *arguments).splitlines()]


def test_the_fastest_of_those_that_are_asked_for(lab: Lab) -> None:
    lab.ok("build", "--type", "hash", "--key", "length")
    lab.ok("load", "--dev", "veth0")
    lab.send([100] * 9 + [300] * 5 + [600] * 3 + [1200])
    once = ("--interval", "0.05", "--count", "1", "--jsonl")
    found = _lines(lab, "pkt_cnt", "--where", "value > 1 and key != 64-127", "--top", "1", *once)
    assert [(line["key"], line["value"]) for line in found] == [("256-511", {"value": 5})] * 2
    said = lab.xdpctl("watch", "pkt_cnt", "--where", "value > 99", *once)
    assert (said.returncode, said.stdout.count("\n")) == (0, 1)
    assert "nothing in pkt_cnt matches --where so far" in said.stdout
    lab.refused(2, "there is no column 'packets'", "watch", "pkt_cnt", "--where", "packets > 1")


def test_types_that_are_told(lab: Lab) -> None:
    words = "type hash key 4 value 8 entries 4 name untyped"
    lab.must("bpftool", "map", "create", "/sys/fs/bpf/untyped", *words.split())
    lab.must(
        "bpftool",
        "map",
        "update",
        "pinned",
        "/sys/fs/bpf/untyped",
        *"key 1 0 0 0 value 7 0 0 0 0 0 0 0".split(),
    )
    once = ("--interval", "0.05", "--count", "1", "--jsonl")
    found = _lines(lab, "/sys/fs/bpf/untyped", "--as", "key:u32 value:u64", *once)
    assert [(line["key"], line["value"]) for line in found] == [("1", {"value": 7})] * 2


def test_what_can_not_be_watched(lab: Lab) -> None:
    lab.must(
        "bpftool", "map", "create", "/sys/fs/bpf/raw", *"type hash key 4 value 8 entries 4 name raw".split()
    )
    lab.refused(2, "nothing in its values is a count", "watch", "/sys/fs/bpf/raw")
    lab.refused(2, "there is no map 'nix'", "watch", "nix")
    lab.refused(2, "named twice", "watch", "raw", "raw")


def test_a_terminal_that_can_not_be_drawn_on(lab: Lab) -> None:
    lab.ok("build", *BY_VERDICT)
    lab.ok("load", "--dev", "veth0")
    ours, theirs = pty.openpty()
    argv = lab.enter(XDPCTL, "watch", "pkt_cnt", "--interval", "0.05", "--count", "1")
    env = {**os.environ, "TERM": "dumb"}
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=env):
        os.close(theirs)
        assert b"\x1b" not in _read(ours, b"total")
    os.close(ours)
