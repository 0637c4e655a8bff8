"""Programs, their maps and devices."""

import json
from datetime import datetime

import msgspec

from xdpctl.core.machine.model import (
    AttachedProgram,
    Attachment,
    IpMode,
    Map,
    MapId,
    Placed,
    ProgId,
    Program,
    ProgramStatus,
)
from xdpctl.views.status import as_json, as_text

PIN = "/sys/fs/bpf/ebpf"
COUNTS = Map(MapId(25), "percpu_array", "pkt_cnt", 4, 16, 5, pinned=(f"{PIN}/pkt_cnt",))
RODATA = Map(MapId(26), "array", "xdp_allo.rodata", 4, 8, 1)
OURS = ProgramStatus(
    Program(
        ProgId(7),
        "xdp",
        "b77802c4c460cb8d",
        "xdp_allow",
        1795158266,
        (MapId(25), MapId(26)),
        (f"{PIN}/xdp_allow",),
        {"xdpctl": "counter"},
    ),
    (COUNTS, RODATA),
    (
        Placed("eth0", Attachment(IpMode.DRV, AttachedProgram(ProgId(7)))),
        Placed("eth1", Attachment(IpMode.SKB, AttachedProgram(ProgId(7)))),
    ),
)
FOREIGN = ProgramStatus(Program(ProgId(9), "xdp", "c7ebe7fa5d8fac13", map_ids=(MapId(26),)), (RODATA,), ())


def test_text() -> None:
    since = datetime.fromtimestamp(1795158266).isoformat(" ")
    epoch = datetime.fromtimestamp(0).isoformat(" ")
    assert as_text([OURS, FOREIGN]).splitlines() == [
        f"* xdp_allow  id 7  tag b77802c4c460cb8d  since {since}",
        "    runs on eth0 in native mode",
        "    runs on eth1 in generic mode",
        f"    pinned at {PIN}/xdp_allow",
        "    MAP      ID  TYPE          KEY  VALUE  MAX ENTRIES  PINNED AT",
        f"    pkt_cnt  25  percpu_array  4 B  16 B             5  {PIN}/pkt_cnt",
        "",
        f"  unnamed  id 9  tag c7ebe7fa5d8fac13  since {epoch}",
        "    runs on no device of this network namespace",
        "    not pinned",
        "    MAP              ID  TYPE   KEY  VALUE  MAX ENTRIES  PINNED AT",
        "    xdp_allo.rodata  26  array  4 B  8 B              1",
    ]


def test_json() -> None:
    found = json.loads(as_json([OURS, FOREIGN]))
    assert found["schema"] == 1
    ours, foreign = found["programs"]
    assert ours == {
        "id": 7,
        "name": "xdp_allow",
        "tag": "b77802c4c460cb8d",
        "ours": True,
        "loaded_at": 1795158266,
        "pinned": [f"{PIN}/xdp_allow"],
        "attached": [{"device": "eth0", "mode": "native"}, {"device": "eth1", "mode": "generic"}],
        "maps": [
            {
                "id": 25,
                "name": "pkt_cnt",
                "type": "percpu_array",
                "key_size": 4,
                "value_size": 16,
                "max_entries": 5,
                "pinned": [f"{PIN}/pkt_cnt"],
            },
            {
                "id": 26,
                "name": "xdp_allo.rodata",
                "type": "array",
                "key_size": 4,
                "value_size": 8,
                "max_entries": 1,
                "pinned": [],
            },
        ],
    }
    assert (foreign["ours"], foreign["attached"], foreign["pinned"]) == (False, [], [])


def test_nothing_loaded() -> None:
    assert as_text([]) == ""
    assert as_json([]) == '{"schema":1,"programs":[]}'


def test_a_pin_that_is_listed_twice_is_shown_once() -> None:
    twice = msgspec.structs.replace(OURS.program, pinned=(f"{PIN}/xdp_allow",) * 2)
    text = as_text([msgspec.structs.replace(OURS, program=twice)])
    assert f"    pinned at {PIN}/xdp_allow\n" in text
