"""Following a trace log of which there is only one, on a kernel that gives none of our own."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from xdpctl.core.trace.log import TraceLine
from xdpctl.errors import HostLacks
from xdpctl.ops import trace
from xdpctl.tools import host, tracefs
from xdpctl.tools.programs import printers

TEXT = "".join(f"  ping-7  [001] ..s. 12.00000{n}: bpf_trace_printk: seen {n}\n" for n in range(4))


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[list[str], str]]]:
    """Follows a log without instances; gives the messages and the notes."""
    (tmp_path / tracefs.PRINTED).mkdir(parents=True)
    os.mkfifo(tmp_path / "trace_pipe")
    log = os.open(tmp_path / "trace_pipe", os.O_RDWR)
    monkeypatch.setattr(host, "require_privileges", lambda: None)
    monkeypatch.setattr(tracefs, "mounted", lambda: str(tmp_path))
    monkeypatch.setattr(printers, "called", lambda _name: ())

    def follow(text: str, request: trace.Request) -> tuple[list[str], str]:
        os.write(log, text.encode())
        messages: list[str] = []
        notes: list[str] = []

        def show(lines: Sequence[TraceLine], _boot: int) -> None:
            messages.extend(line.message for line in lines)

        with open(os.devnull, "w") as wanted:
            trace.run(request, show, notes.append, wanted.fileno())
        return messages, "\n".join(notes)

    yield follow
    os.close(log)


def test_it_says_that_it_takes_lines_from_others(follow: Callable[..., tuple[list[str], str]]) -> None:
    messages, notes = follow("CPU:1 [LOST 3 EVENTS]\n" + TEXT, trace.Request(count=3))
    assert messages == ["seen 0", "seen 1", "seen 2"]
    assert notes == (
        "this kernel gives no log of its own: the other readers lose the lines shown; times are rough\n"
        "3 lines lost: they came faster than they could be read"
    )


def test_one_program_needs_a_log_of_its_own(follow: Callable[..., tuple[list[str], str]]) -> None:
    with pytest.raises(HostLacks, match="--program needs a trace log of its own"):
        follow(TEXT, trace.Request("xdp_allow"))
