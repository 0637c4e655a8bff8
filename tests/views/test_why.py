"""What is broken, or the numbers, as text and JSON."""

import json

from xdpctl.core.machine.model import AttachedProgram, Attachment, Device, IpMode, ProgId
from xdpctl.core.why.chain import Moves
from xdpctl.core.why.finding import Broken, Link
from xdpctl.core.why.snapshot import DevicePlace, RunningProgram
from xdpctl.views.why import as_json, as_text

DOWN = Broken(Link.UP, "device down", "it is down", "ip link set dev veth0 up")
RUNNING = RunningProgram(
    DevicePlace(Device("veth1"), "peer"), Attachment(IpMode.DRV, AttachedProgram(ProgId(7)))
)
MOVES = Moves(1.10004, (RUNNING,), 5, 5, {"pkt_cnt": 5, "b": 2, "other": None})


def test_text() -> None:
    assert as_text(DOWN) == "it is down\n  mend: ip link set dev veth0 up"
    assert as_text(MOVES).endswith("ran 5 times, pkt_cnt counted 5, b counted 2 and other changed")


def test_json() -> None:
    assert json.loads(as_json(DOWN)) == {
        "schema": 1,
        "ok": False,
        "says": "it is down",
        "link": "up",
        "cause": "device down",
        "mend": "ip link set dev veth0 up",
    }
    assert json.loads(as_json(MOVES)) == {
        "schema": 1,
        "ok": True,
        "says": MOVES.says,
        "seconds": 1.1,
        "devices": ["veth1 in netns peer"],
        "received": 5,
        "runs": 5,
        "counted": {"pkt_cnt": 5, "b": 2, "other": None},
    }
