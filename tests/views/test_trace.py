"""Printed lines as text and JSON."""

import json
import time

import pytest

from xdpctl.core.trace.log import TraceLine
from xdpctl.views.trace import as_json, as_text

BOOT = 1_795_185_000_000_000_000
LINES = (
    TraceLine(1_000_001, 0, "ping", 7, "seen"),
    TraceLine(3_600_000_000, 12, "<idle>", 0, 'a "b"\n\x1b[31m'),
)


def test_text_has_the_time_of_day_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        shown = as_text(LINES, BOOT)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert shown == '16:30:01.000001  CPU 0   seen\n17:30:00.000000  CPU 12  a "b"\\n\\x1b[31m'


def test_json_is_an_object_a_line() -> None:
    first, second = map(json.loads, as_json(LINES, BOOT).splitlines())
    assert first == {
        "schema": 1,
        "time": "2026-11-20T14:30:01.000001Z",
        "uptime": 1.000001,
        "cpu": 0,
        "task": "ping",
        "pid": 7,
        "message": "seen",
    }
    assert (second["message"], second["time"]) == ('a "b"\n\x1b[31m', "2026-11-20T15:30:00.000000Z")
