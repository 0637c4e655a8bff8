"""Findings as lines, on a terminal, as JSON."""

import json
import re

import pytest

from xdpctl.cli.terminal import COLOURS
from xdpctl.core.doctor.finding import Finding, State
from xdpctl.views import doctor as view
from xdpctl.views.palette import Palette

FINDINGS = (
    Finding("kernel", State.GOOD, "6.1.0 (5.10 or newer is needed)"),
    Finding(
        "bpftool",
        State.BAD,
        "/usr/sbin/bpftool is a wrapper that has no bpftool for kernel 6.8.0-31-generic",
        "apt-get install linux-tools-$(uname -r)",
    ),
    Finding("lockdown", State.NOTE, "can't be seen: [securityfs] isn't mounted", "mount -t securityfs"),
)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_one_line_for_each_check() -> None:
    assert view.as_lines(FINDINGS).splitlines() == [
        "good  kernel    6.1.0 (5.10 or newer is needed)",
        "bad   bpftool   /usr/sbin/bpftool is a wrapper that has no bpftool for kernel 6.8.0-31-generic; "
        "mend: apt-get install linux-tools-$(uname -r)",
        "note  lockdown  can't be seen: [securityfs] isn't mounted; mend: mount -t securityfs",
    ]


def test_on_a_terminal() -> None:
    assert plain(view.as_text(FINDINGS, 100, COLOURS)).splitlines() == [
        "good  kernel: 6.1.0 (5.10 or newer is needed)",
        "bad   bpftool: /usr/sbin/bpftool is a wrapper that has no bpftool for kernel 6.8.0-31-generic",
        "      mend: apt-get install linux-tools-$(uname -r)",
        "note  lockdown: can't be seen: [securityfs] isn't mounted",
        "      mend: mount -t securityfs",
    ]


@pytest.mark.parametrize("width", [20, 40, 79])
@pytest.mark.parametrize("palette", [COLOURS, Palette()], ids=["coloured", "plain"])
def test_narrow_terminals(width: int, palette: Palette) -> None:
    lines = plain(view.as_text(FINDINGS, width, palette)).splitlines()
    assert max(map(len, lines)) <= width
    states = [line[:4].strip() for line in lines if not line.startswith(" ")]
    assert states == ["good", "bad", "note"]
    said = "".join(line[6:] for line in lines).replace(" ", "")
    for finding in FINDINGS:
        assert finding.found.replace(" ", "") in said
        assert finding.remedy.replace(" ", "") in said


def test_colour_where_it_is_wanted() -> None:
    first = view.as_text(FINDINGS, 80, COLOURS).splitlines()[0]
    assert first.startswith("\x1b[32mgood\x1b[0m  \x1b[1mkernel\x1b[0m: 6.1.0")
    assert "\x1b[" not in view.as_text(FINDINGS, 80, Palette())


def test_json() -> None:
    text = view.as_json(FINDINGS)
    assert "\n" not in text
    found = json.loads(text)
    assert (found["schema"], found["ok"]) == (1, False)
    assert found["checks"][0] == {
        "name": "kernel",
        "state": "good",
        "found": "6.1.0 (5.10 or newer is needed)",
        "remedy": "",
    }
    assert [check["state"] for check in found["checks"]] == ["good", "bad", "note"]


def test_json_of_a_healthy_machine() -> None:
    assert json.loads(view.as_json((FINDINGS[0], FINDINGS[2])))["ok"] is True
