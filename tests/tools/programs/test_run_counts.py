"""The kernel counts runs only for as long as somebody wants to know."""

import contextlib
import os

import pytest

from xdpctl.core.machine.model import ProgId, Program
from xdpctl.errors import Refused
from xdpctl.tools import bpftool, host, libbpf, proc
from xdpctl.tools.libbpf import programs
from xdpctl.tools.programs import run_counts


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(proc, "_show", lines.append)
    monkeypatch.setattr(host, "read", {"/proc/sys/kernel/bpf_stats_enabled": "0\n"}.get)
    return lines


def test_counting_ends_even_after_a_failure(monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    file, other = os.pipe()
    monkeypatch.setattr(programs, "count_runs", lambda: libbpf.owned(file))
    with contextlib.suppress(KeyboardInterrupt), run_counts.counted() as known:
        assert known
        raise KeyboardInterrupt
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file)
    os.close(other)
    assert shown == ["sysctl -q kernel.bpf_stats_enabled=1", "sysctl -q kernel.bpf_stats_enabled=0"]


def test_counting_that_was_switched_on_stays_on(monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    monkeypatch.setattr(host, "read", {"/proc/sys/kernel/bpf_stats_enabled": "1\n"}.get)
    monkeypatch.delattr(programs, "count_runs")
    with run_counts.counted() as known:
        assert known
    assert shown == []


def test_without_libbpf_it_is_not_known(monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    monkeypatch.setattr(libbpf, "NAMES", ())
    with run_counts.counted() as known:
        assert not known
    assert shown == []


def test_a_program_of_which_nothing_is_told_ran_some_unknown_times(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Program(ProgId(7), "xdp", run_cnt=3), Program(ProgId(8), "xdp")
    monkeypatch.setattr(bpftool, "programs_without_pins", lambda: (one, other))
    assert run_counts.total(frozenset({ProgId(7), ProgId(8)})) == 3
    with pytest.raises(Refused, match="the program with id 9 has gone meanwhile"):
        run_counts.total(frozenset({ProgId(7), ProgId(9)}))
