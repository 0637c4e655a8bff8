"""A map's entries as a table, JSON and CSV."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xdpctl.core.decode import CpuValue, Entry
from xdpctl.core.meanings import Value
from xdpctl.core.model import BtfId, Map, MapId
from xdpctl.views.dump import as_csv, as_json, as_lines, as_table, worth_showing

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
CLASH = (Entry({"n": 1, "in": {"a": 2}}, {"n": 3, "in": {"a": 4}}),)


def test_json_has_the_shape_of_the_design() -> None:
    assert as_json(MAP, PIN, STRUCTS, per_cpu=False) == (
        '{"schema":1,'
        '"map":{"id":25,"name":"pkt_cnt","type":"percpu_hash","key_size":4,"value_size":16,"max_entries":1,'
        '"pin":"/sys/fs/bpf/ebpf/pkt_cnt"},'
        '"entries":[{"key":"XDP_PASS","value":{"packets":8,"bytes":784}}]}'
    )


def test_json_of_each_cpu() -> None:
    (entry,) = json.loads(as_json(MAP, None, STRUCTS, per_cpu=True))["entries"]
    assert entry == {
        "key": "XDP_PASS",
        "value": {"packets": 8, "bytes": 784},
        "per_cpu": [
            {"cpu": 0, "value": {"packets": 3, "bytes": 294}},
            {"cpu": 1, "value": {"packets": 5, "bytes": 490}},
        ],
    }


def test_json_of_no_entries_and_no_pin() -> None:
    found = json.loads(as_json(MAP, None, (), per_cpu=False))
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
        ((), False, "key,value"),
    ],
)
def test_csv(entries: tuple[Entry, ...], per_cpu: bool, expected: str) -> None:
    assert as_csv(entries, per_cpu) == expected


texts = st.text(st.characters(exclude_characters="\r"), max_size=5)
"""Python before 3.13 doesn't quote a lone carriage return."""


@settings(deadline=None)
@given(st.lists(texts | st.integers(), min_size=1), texts)
def test_csv_is_read_back_as_it_was(keys: list[Value], text: str) -> None:
    entries = [Entry(key, {"text": text, "n": n}) for n, key in enumerate(keys)]
    rows: list[Any] = list(csv.reader(io.StringIO(as_csv(entries, False), newline="")))
    assert rows == [["key", "text", "n"], *([str(e.key), text, str(n)] for n, e in enumerate(entries))]


def test_what_is_counted_beside_the_entries() -> None:
    accounts = {"total": {"packets": 10, "bytes": 640}, "forgotten": {"packets": 3, "bytes": 180}}
    assert as_lines(accounts) == "total: 10 packets, 640 bytes\nforgotten: 3 packets, 180 bytes"
    assert as_lines({"lost": {"packets": 0}}) == "lost: 0 packets"
    assert as_lines({"lost": None}) == "lost: unknown, since the program has gone"
    assert as_lines({}) == ""
    found = json.loads(as_json(MAP, None, SCALAR, False, accounts))
    assert found["total"] == {"packets": 10, "bytes": 640}
    assert found["forgotten"] == {"packets": 3, "bytes": 180}
    assert "lost" not in found
    assert json.loads(as_json(MAP, None, SCALAR, False, {"lost": None}))["lost"] is None


def test_a_large_array_is_shown_without_elements_that_are_zero() -> None:
    array = msgspec.structs.replace(MAP, type="percpu_array")
    many = tuple(Entry(i, {"packets": int(i == 6), "last_seen": None}) for i in range(257))
    assert worth_showing(array, many) == (many[6],)
    assert worth_showing(MAP, many) == many, "elements of a hash were counted into"
    assert worth_showing(array, many[:5]) == many[:5], "few are shown as they are"
    assert worth_showing(msgspec.structs.replace(MAP, type="devmap"), (Entry(0, None),) * 99) == ()
