"""What became of packets, as text and as JSON."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from xdpctl.core.machine.model import Map, MapId, ProgId, Program
from xdpctl.core.packets.map_changes import ElementChange
from xdpctl.core.packets.run_counts import Run, Sums, Tally
from xdpctl.core.packets.samples import PacketKind, of_kind
from xdpctl.core.values.value import Value
from xdpctl.views.run import (
    json_maps,
    json_middle,
    json_packets,
    json_start,
    map_lines,
    mark,
    run_lines,
    verdict_table,
)

PING = of_kind(PacketKind.ICMP)
SWAPPED = PING.data[6:12] + PING.data[:6] + PING.data[12:]
RUNS = [
    Run(PING, 2, PING.data),
    Run(PING, 3, SWAPPED),
    Run(PING, 2, PING.data[:12] + bytes.fromhex("81000064") + PING.data[12:]),
    Run(PING, 1, PING.data[:60]),
    Run(PING, 9, PING.data[:50] + b"\xff\xfe" + PING.data[52:]),
]
HASH = Map(MapId(1), "hash", "pkt_cnt", 4, 16, 9)
VARIABLES = Map(MapId(2), "array", "xdp_allo.bss", 4, 16, 1)


def test_a_line_for_each_packet_and_what_was_changed_in_it() -> None:
    assert "".join(run_lines(RUNS, 4)).splitlines() == [
        "PACKET  LENGTH  VERDICT",
        "icmp        98  XDP_PASS",
        "icmp        98  XDP_TX",
        "  dst_mac: 02:00:00:00:00:01 -> 02:00:00:00:00:02",
        "  src_mac: 02:00:00:00:00:02 -> 02:00:00:00:00:01",
        "icmp        98  XDP_PASS",
        "  length: 98 -> 102",
        "  byte 12: 4 bytes put in: 81 00 00 64",
        "icmp        98  XDP_DROP",
        "  length: 98 -> 60",
        "  byte 60: 38 bytes taken out: 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 …",
        "icmp        98  9",
        "  byte 50: 08 09 -> ff fe",
    ]


def test_what_each_packet_changed_in_maps() -> None:
    counts: Value = {"packets": 2, "bytes": 98, "seen": "now"}
    effects = (
        (
            HASH,
            [
                ElementChange({"src": "a", "port": 1}, None, counts),
                ElementChange(7, 3, None),
                ElementChange(8, "x", "y"),
            ],
        ),
        (VARIABLES, [ElementChange("total", 1, 4)]),
    )
    before: Value = {"packets": 1, "bytes": 98, "seen": None}
    more = ((HASH, [ElementChange(1, before, counts)]),)
    runs = [Run(PING, 2, PING.data, effects), Run(PING, 2, PING.data, more)]
    assert [line for line in "".join(run_lines(runs, 4)).splitlines() if line.startswith("  ")] == [
        "  pkt_cnt a 1: packets +2, bytes +98, seen - -> now",
        "  pkt_cnt 7: 3 -> gone",
        "  pkt_cnt 8: x -> y",
        "  total: +3",
        "  pkt_cnt 1: packets +1, seen - -> now",
    ]
    [packet] = map(json.loads, json_packets(runs[1:]))
    assert packet["maps"] == [{"name": "pkt_cnt", "changes": [{"key": 1, "before": before, "after": counts}]}]


def test_names_are_as_wide_as_the_longest() -> None:
    assert [line[: len("tcp-syn") + 2] for line in run_lines(RUNS[:1], 7)] == ["PACKET   ", "icmp     "]


def test_sums_of_many() -> None:
    tally = Tally()
    assert list(tally.watch(RUNS)) == RUNS
    assert tally.verdicts["XDP_PASS"] == Sums(2, 196, 1)
    assert verdict_table(tally.verdicts).splitlines() == [
        "VERDICT   PACKETS  BYTES  CHANGED",
        "9               1     98        1",
        "XDP_DROP        1     98        1",
        "XDP_PASS        2    196        1",
        "XDP_TX          1     98        1",
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, 3, "+3"),
        (0, 3, "+3"),
        (0, -3, "-3"),
        (None, 0, "+0"),
        (5, 8, "5 -> 8"),
        (5, 5, 5),
        (5, None, "5 -> gone"),
        (None, "XDP_DROP", "XDP_DROP"),
        ("XDP_PASS", "XDP_DROP", "XDP_PASS -> XDP_DROP"),
        (False, True, "false -> true"),
        ({"packets": 1, "in": {"a": 0}}, {"packets": 1, "in": {"a": 2}}, {"packets": 1, "in": {"a": "+2"}}),
        (None, {"packets": 1, "last": "12:00"}, {"packets": "+1", "last": "12:00"}),
        ({"packets": 1}, None, {"packets": "1 -> gone"}),
    ],
)
def test_marks(before: Value, after: Value, expected: Value) -> None:
    assert mark(before, after) == expected


def test_a_table_for_each_map_that_changed() -> None:
    found = [[], [ElementChange(1, {"packets": 0, "bytes": 0}, {"packets": 1, "bytes": 98})], []]
    assert "".join(map_lines(HASH, found)) == "\npkt_cnt\nKEY  PACKETS  BYTES\n  1  +1       +98\n"
    assert "".join(map_lines(VARIABLES, [[ElementChange("seen", 0, 4)]])) == (
        "\nglobal variables\nNAME  VALUE\nseen  +4\n"
    )
    assert list(map_lines(HASH, [[], []])) == []
    [title, *_] = map_lines(replace(VARIABLES, name="xdp_allo.data"), [[ElementChange("seen", 7, 4)]])
    assert title == "\n.data: global variables\n"


@pytest.mark.parametrize("listed", [True, False])
def test_json(listed: bool) -> None:
    tally = Tally()
    program = Program(ProgId(7), "xdp", "0123", "xdp_allow")
    pieces = [json_start(program, Path("bpf/x.o"), listed)]
    packets = list(json_packets(tally.watch(RUNS[:2])))
    pieces += packets if listed else []
    pieces.append(json_middle(tally.verdicts, {"shorter": 3}, 1, listed))
    pieces += json_maps([(HASH, [[ElementChange(0, None, 2)], [ElementChange(1, 3, None)]]), (VARIABLES, [])])
    said = json.loads("".join(pieces))
    swapped = said.pop("packets")[1] if listed else said.pop("packets")
    assert swapped == (
        {
            "packet": "icmp",
            "length": 98,
            "verdict": "XDP_TX",
            "length_after": 98,
            "changes": [
                {"offset": 0, "field": "dst_mac", "before": "020000000001", "after": "020000000002"},
                {"offset": 6, "field": "src_mac", "before": "020000000002", "after": "020000000001"},
            ],
            "maps": [],
        }
        if listed
        else None
    )
    assert said == {
        "schema": 1,
        "program": {"name": "xdp_allow", "tag": "0123", "copied_from": "bpf/x.o"},
        "verdicts": [
            {"verdict": "XDP_PASS", "packets": 1, "bytes": 98, "changed": 0},
            {"verdict": "XDP_TX", "packets": 1, "bytes": 98, "changed": 1},
        ],
        "not_run": [{"reason": "shorter", "packets": 3}],
        "cut": 1,
        "maps": [
            {
                "name": "pkt_cnt",
                "type": "hash",
                "changes": [
                    {"key": 0, "before": None, "after": 2},
                    {"key": 1, "before": 3, "after": None},
                ],
            },
            {"name": "xdp_allo.bss", "type": "array", "changes": []},
        ],
    }
