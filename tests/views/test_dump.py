"""A map's entries as a table, JSON and CSV."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xdpctl.core.machine.model import BtfId, Map, MapId
from xdpctl.core.maps import batch_file
from xdpctl.core.maps.decode import CpuValue, Entry
from xdpctl.core.values.cells import spelled
from xdpctl.core.values.value import Value
from xdpctl.views.dump import AHEAD, as_lines, csv_rows, json_end, json_entries, json_start, table_lines

MAP = Map(MapId(25), "percpu_hash", "pkt_cnt", 4, 16, 1, BtfId(3), ("/sys/fs/bpf/ebpf/pkt_cnt",))
PIN = "/sys/fs/bpf/ebpf/pkt_cnt"

SCALAR = (Entry(0, 8), Entry(1, 2**64 - 1))
STRUCTS = (
    Entry(
        "XDP_PASS",
        {"packets": 8, "bytes": 784},
        (CpuValue(0, {"packets": 3, "bytes": 294}), CpuValue(1, {"packets": 5, "bytes": 490})),
    ),
)
FLOWS = (
    Entry({"src": "10.0.0.1", "port": 443}, 1),
    Entry({"src": "10.0.0.20", "port": 53}, 12),
)
ODD = (Entry(0, {"name": 'a "b", c', "arr": [1, 2], "in": {"a": 1, "b": {"c": 2}}, "none": None}),)
JSON_CELLS = (Entry(False, {"on": True, "in": [{"a": 1, "on": True}], "names": ["it's", "\n"]}),)
CLASH = (Entry({"n": 1, "in": {"a": 2}}, {"n": 3, "in": {"a": 4}}),)


def as_json(map_: Map, pin: str | None, entries: tuple[Entry, ...]) -> str:
    return json_start(map_, pin) + "".join(json_entries([[e] for e in entries])) + json_end({})


def as_table(entries: tuple[Entry, ...], per_cpu: bool) -> str:
    return "".join(table_lines([[], [*entries]], per_cpu))


def as_csv(entries: tuple[Entry, ...] | list[Entry], per_cpu: bool) -> str:
    return "".join(csv_rows([[*entries], []], per_cpu))


def without_cpus(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(Entry(entry.key, entry.value) for entry in entries)


def test_a_table_on_a_narrow_terminal() -> None:
    """All of it is there, one cell below the other."""
    flows = [[Entry({"src": "10.0.0.1", "port": 443}, {"packets": 1, "bytes": 98})]]
    assert "".join(table_lines(flows, False, {"packets": 1}, width=25)).splitlines() == [
        "SRC",
        "10.0.0.1",
        "  port     443",
        "  packets  1",
        "  bytes    98",
        "total",
        "  packets  1",
    ]
    assert [*table_lines(flows, False, width=80)] == [*table_lines(flows, False)]


def test_json_has_the_shape_of_the_design() -> None:
    assert as_json(MAP, PIN, without_cpus(STRUCTS)) == (
        '{"schema":1,'
        '"map":{"id":25,"name":"pkt_cnt","type":"percpu_hash","key_size":4,"value_size":16,"max_entries":1,'
        '"pin":"/sys/fs/bpf/ebpf/pkt_cnt"},'
        '"entries":[{"key":"XDP_PASS","value":{"packets":8,"bytes":784}}]}\n'
    )


def test_json_of_each_cpu() -> None:
    (entry,) = json.loads(as_json(MAP, None, STRUCTS))["entries"]
    assert entry == {
        "key": "XDP_PASS",
        "value": {"packets": 8, "bytes": 784},
        "per_cpu": [
            {"cpu": 0, "value": {"packets": 3, "bytes": 294}},
            {"cpu": 1, "value": {"packets": 5, "bytes": 490}},
        ],
    }


def test_json_of_no_entries_and_no_pin() -> None:
    found = json.loads(as_json(MAP, None, ()))
    assert (found["entries"], found["map"]["pin"]) == ([], None)


@pytest.mark.parametrize(
    ("entries", "per_cpu", "expected"),
    [
        (
            SCALAR,
            False,
            ["KEY                 VALUE", "  0                     8", "  1  18446744073709551615"],
        ),
        (STRUCTS, False, ["KEY       PACKETS  BYTES", "XDP_PASS        8    784"]),
        (
            STRUCTS,
            True,
            [
                "KEY       CPU  PACKETS  BYTES",
                "XDP_PASS    0        3    294",
                "XDP_PASS    1        5    490",
            ],
        ),
        (FLOWS, False, ["SRC        PORT  VALUE", "10.0.0.1    443      1", "10.0.0.20    53     12"]),
        (
            JSON_CELLS,
            False,
            [
                "  KEY    ON  IN                      NAMES",
                'false  true  [{"a": 1, "on": true}]  ["it\'s", "\\n"]',
            ],
        ),
        ((), False, ["KEY  VALUE"]),
        (CLASH, False, ["N  IN.A  VALUE.N  VALUE.IN.A", "1     2        3           4"]),
    ],
)
def test_table(entries: tuple[Entry, ...], per_cpu: bool, expected: list[str]) -> None:
    assert as_table(entries, per_cpu).splitlines() == expected


@pytest.mark.parametrize(
    ("entries", "per_cpu", "expected"),
    [
        (SCALAR, False, "key,value\n0,8\n1,18446744073709551615"),
        (FLOWS, False, "src,port,value\n10.0.0.1,443,1\n10.0.0.20,53,12"),
        (STRUCTS, True, "key,cpu,packets,bytes\nXDP_PASS,0,3,294\nXDP_PASS,1,5,490"),
        (ODD, False, 'key,name,arr,in.a,in.b.c,none\n0,"a ""b"", c","[1, 2]",1,2,'),
        (
            JSON_CELLS,
            False,
            'key,on,in,names\nfalse,true,"[{""a"": 1, ""on"": true}]","[""it\'s"", ""\\n""]"',
        ),
        ((), False, "key,value"),
    ],
)
def test_csv(entries: tuple[Entry, ...], per_cpu: bool, expected: str) -> None:
    assert as_csv(entries, per_cpu) == expected + "\n"


texts = st.text(st.characters(codec="utf-8"), max_size=5)
texts |= texts.map(spelled) | texts.map(json.dumps)


@settings(deadline=None)
@given(st.lists(texts | st.integers(), min_size=1), texts)
def test_csv_is_read_back_as_it_was(keys: list[Value], text: str) -> None:
    entries = [Entry(key, {"text": text, "n": n}) for n, key in enumerate(keys)]
    said = as_csv(entries, False)
    assert said.replace("\n", "").isprintable()
    assert next(csv.reader(io.StringIO(said))) == ["key", "text", "n"]
    found = batch_file.read(
        io.StringIO(said, newline=""), batch_file.BatchColumns(("key",), ("text", "n")), values=True
    )
    assert [(one.key, one.value) for block in found for one in block.each()] == [
        (str(entry.key), {"text": text, "n": str(n)}) for n, entry in enumerate(entries)
    ]


def test_what_cannot_be_printed_is_json_in_csv_and_in_json() -> None:
    entries = [Entry("a\x1b[2J\x7f\x9b\u202e", 1), Entry("\U000e0041", [1, "\x9b"])]
    assert as_csv(entries, False) == (
        'key,value\n"""a\\u001b[2J\\u007f\\u009b\\u202e""",1\n"""\\udb40\\udc41""","[1, ""\\u009b""]"\n'
    )
    said = as_json(MAP, "/sys/fs/bpf/\x7f\udcff", tuple(entries))
    assert said.replace("\n", "").isprintable()
    found = json.loads(said)
    assert [Entry(e["key"], e["value"]) for e in found["entries"]] == entries
    assert found["map"]["pin"] == "/sys/fs/bpf/\x7f\udcff"


def test_what_is_counted_beside_the_entries() -> None:
    accounts = {"total": {"packets": 10, "bytes": 640}, "forgotten": {"packets": 3, "bytes": 180}}
    assert as_lines(accounts) == "total: 10 packets, 640 bytes\nforgotten: 3 packets, 180 bytes"
    assert as_lines({"lost": {"packets": 0}}) == "lost: 0 packets"
    assert as_lines({"lost": None}) == "lost: unknown, since the program has gone"
    assert as_lines({}) == ""
    found = json.loads(json_start(MAP, None) + json_end(accounts))
    assert found["total"] == {"packets": 10, "bytes": 640}
    assert found["forgotten"] == {"packets": 3, "bytes": 180}
    assert "lost" not in found
    assert json.loads(json_start(MAP, None) + json_end({"lost": None}))["lost"] is None


def test_padding_has_a_column_where_a_key_has_some() -> None:
    plain, padded = Entry({"a": 1}, 7), Entry({"a": 1, "padding": "0x00ff"}, 8)
    assert "".join(csv_rows([[plain, padded]], False, padding="padding")) == (
        "a,padding,value\n1,,7\n1,0x00ff,8\n"
    )
    assert "".join(csv_rows([[plain]], False, padding="padding")) == "a,value\n1,7\n"
    late = "".join(csv_rows([[plain] * AHEAD, [padded]], False, padding="padding")).splitlines()
    assert [late[0], late[1], late[-1]] == ["a,value,padding", "1,7,", "1,8,0x00ff"]
