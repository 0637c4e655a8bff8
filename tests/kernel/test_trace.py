"""`trace`: lines as they come, whose they are, why there are none, and that nothing of it stays.

All that prints on this machine prints into every log: tests look at lines of their own.
"""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .conftest import XDPCTL, Lab

NAME = f"t{os.getpid()}"
"""Of a program that no other test on this machine has."""
PATIENCE = 60
INSTANCES = "/sys/kernel/tracing/instances"


class Tracing:
    """An `xdpctl trace` that has begun to read."""

    def __init__(self, lab: Lab, *options: str) -> None:
        self.notes = lab.directory / f"notes{time.monotonic_ns()}"
        with self.notes.open("w") as notes:
            self.process = subprocess.Popen(
                lab.enter(XDPCTL, "--show-commands", "trace", *options),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=notes,
                bufsize=0,  # or lines would wait where `select` doesn't look
            )
        self.told("cat /sys/kernel/tracing/instances/")
        self.instance = f"{INSTANCES}/xdpctl-trace-{self.process.pid}"

    def told(self, words: str) -> None:
        """Waits until it has told this on stderr."""
        end = time.monotonic() + PATIENCE
        while words not in self.notes.read_text():
            assert time.monotonic() < end, self.notes.read_text()
            time.sleep(0.02)

    def line(self) -> str:
        """The next line, which comes though its reader is a pipe."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], PATIENCE)[0], self.notes.read_text()
        return self.process.stdout.readline().decode()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def tracing(lab: Lab, *options: str) -> Iterator[Tracing]:
    begun = Tracing(lab, *options)
    with begun.process:
        try:
            yield begun
        finally:
            if begun.process.poll() is None:
                begun.end(signal.SIGTERM)


def load(lab: Lab, name: str, printk: str, *options: str) -> str:
    """Builds and loads a program; returns its pin."""
    lab.ok("build", "--program", name, "--printk", printk)
    lab.ok("load", f"bpf/{name}.bpf.o", "--pin", f"/sys/fs/bpf/{name}", *options)
    return f"/sys/fs/bpf/{name}/{name}"


def run(lab: Lab, pin: str, times: int) -> None:
    packet = lab.directory / "packet"
    packet.write_bytes(bytes(64))
    lab.must("bpftool", "prog", "run", "pinned", pin, "data_in", str(packet), "repeat", str(times))


def instances(lab: Lab) -> list[str]:
    """The trace logs there are; tracefs is one for the whole machine."""
    shown = 'mount -t tracefs t /sys/kernel/tracing 2>/dev/null; find "$0" -mindepth 1 -maxdepth 1'
    return lab.must("unshare", "--mount", "sh", "-c", shown, INSTANCES).split()


def test_lines_of_one_program_are_taken_from_nobody(lab: Lab) -> None:
    """Two programs have the same message, and only one of them runs where packets come in."""
    load(lab, NAME, f"seen {NAME}", "--dev", "veth0")
    other = load(lab, f"{NAME}b", f"seen {NAME}")
    begun = datetime.now(UTC)
    with lab.trace() as log, tracing(lab, "--program", NAME, "--json", "--count", "3") as trace:
        run(lab, other, 2)
        lab.send([60, 60, 60])
        lines = [json.loads(trace.line()) for _ in range(3)]
        assert trace.process.wait(PATIENCE) == 0
        assert Path(log).is_absolute()
        assert lab.must("cat", log).count(f"seen {NAME}\n") == 5
    assert [(line["schema"], line["message"]) for line in lines] == [(1, f"seen {NAME}")] * 3
    assert all(
        line["cpu"] in os.sched_getaffinity(0) and line["task"] and line["uptime"] > 0 for line in lines
    )
    slack = timedelta(seconds=1)
    times = [datetime.fromisoformat(line["time"]) for line in lines]
    assert begun - slack < times[0] <= times[1] <= times[2] < datetime.now(UTC) + slack
    assert trace.instance not in instances(lab)


ODD = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
static __attribute__((noinline)) int inner(int x)
{
	bpf_printk("NAME inner %d", x);
	return x;
}
SEC("xdp") int NAME(struct xdp_md *ctx)
{
	char on_stack[] = "NAME 1\\n";
	bpf_trace_printk(on_stack, sizeof(on_stack));
	bpf_printk("NAME 2\\nof two lines");
	bpf_printk("NAME %d %d %d", 3, 4, 5);
	bpf_printk("NAME %s", "\\x1b[31m");
	return inner(ctx->rx_queue_index) + XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_what_a_program_can_print(lab: Lab) -> None:
    lab.compile(NAME, ODD.replace("NAME", NAME))
    lab.ok("load")
    with tracing(lab, "--program", NAME) as trace:
        run(lab, f"/sys/fs/bpf/ebpf/{NAME}", 1)
        messages = [trace.line().split(maxsplit=3)[3] for _ in range(5)]
    printed = ["1", r"2\nof two lines", "3 4 5", r"\x1b[31m", "inner 0"]
    assert messages == [f"{NAME} {words}\n" for words in printed]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_nothing_stays(number: int, lab: Lab) -> None:
    with tracing(lab) as trace:
        assert trace.instance in instances(lab)
        assert trace.end(number) == 130
        assert trace.notes.read_text().endswith(f"rmdir {trace.instance}\nxdpctl: interrupted\n")
    assert trace.instance not in instances(lab)


def test_what_a_killed_one_leaves_is_removed_by_the_next(lab: Lab) -> None:
    """Which in turn ends when its reader goes, though no line comes; and a third one is left alone."""
    with tracing(lab, "--program", load(lab, NAME, "never").rpartition("/")[2]) as killed:
        assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    with tracing(lab) as third, tracing(lab, "--program", NAME) as closed:
        present = instances(lab)
        assert killed.instance not in present
        assert {third.instance, closed.instance} <= set(present)
        assert closed.process.stdout is not None
        closed.process.stdout.close()
        assert closed.process.wait(PATIENCE) == 0
        assert closed.instance not in instances(lab)
        assert "Error" not in closed.notes.read_text()


def test_why_it_is_silent(lab: Lab) -> None:
    load(lab, f"{NAME}a", "")
    load(lab, f"{NAME}b", "unseen")
    load(lab, f"{NAME}c", "unseen", "--dev", "veth0")
    with contextlib.ExitStack() as stack:
        mute, idle, waiting, off = (
            stack.enter_context(tracing(lab, "--program", NAME + letter)) for letter in "abca"
        )
        switch = f"{off.instance}/tracing_on"
        lab.must(
            "unshare", "--mount", "sh", "-c", f"mount -t tracefs t /sys/kernel/tracing; echo 0 > {switch}"
        )
        mute.told(f"{NAME}a never calls bpf_printk")
        idle.told(f"{NAME}b prints, but runs on no device")
        waiting.told(f"no packet has come in that makes a program print: {NAME}c on veth0\n")
        off.told(f"switch it on: echo 1 > {switch}")


def test_lost_lines_are_counted(lab: Lab) -> None:
    """While it stands still, more is printed than its log holds."""
    many, last, printed = load(lab, NAME, f"seen {NAME}"), load(lab, f"{NAME}l", f"last {NAME}"), 300_000
    with tracing(lab) as trace:
        trace.process.send_signal(signal.SIGSTOP)
        run(lab, many, printed)
        run(lab, last, 1)
        trace.process.send_signal(signal.SIGCONT)
        shown = 0
        while not (line := trace.line()).endswith(f"last {NAME}\n"):
            shown += line.endswith(f"seen {NAME}\n")
        trace.end(signal.SIGINT)
        notes = trace.notes.read_text().splitlines()
    lost = sum(int(note.partition(" ")[0]) for note in notes if " lines lost: " in note)
    assert 0 < shown < printed <= shown + lost


def test_who_is_asked_for_must_be_there(lab: Lab) -> None:
    lab.refused(2, f"no XDP program is called '{NAME}no'", "trace", "--program", f"{NAME}no")


def test_q_ends_it_on_a_terminal(lab: Lab) -> None:
    """Nothing of it stays, and the terminal is as before."""
    argv = lab.enter(XDPCTL, "--show-commands", "trace")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    before, text = termios.tcgetattr(terminal), b""
    while b"cat /sys/kernel/tracing/instances" not in text:
        assert select.select([terminal], [], [], PATIENCE)[0], text
        text += os.read(terminal, 65536)
    os.write(terminal, b"q")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert termios.tcgetattr(terminal) == before
    os.close(terminal)
