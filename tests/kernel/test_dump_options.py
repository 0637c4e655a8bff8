"""What is chosen of a map, in which order and in which format; types that are told; maps that are saved."""

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from .conftest import Lab

SPEC = """
[[counter]]
map = "lengths"
type = "percpu_array"
key = "length"
fields = ["packets", "bytes", "max_length"]
[[counter]]
map = "pkt_cnt"
"""


@pytest.fixture
def counted(lab: Lab) -> Lab:
    lab.load_spec(SPEC)
    lab.send([60] * 5 + [200] * 2 + [1000] * 3)
    return lab


def keys(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


def test_order_and_choice(counted: Lab) -> None:
    assert keys(counted.ok("dump", "lengths", "--sort", "bytes")) == ["512-1023", "128-255", "32-63"]
    assert keys(counted.ok("dump", "lengths", "--sort", "key")) == ["32-63", "128-255", "512-1023"]
    assert keys(counted.ok("dump", "lengths", "--top", "1")) == ["32-63"], "by the first field"
    where = ("--where", "bytes < 1k and packets > 2 or key == 512-1023")
    assert keys(counted.ok("dump", "lengths", *where)) == ["32-63", "512-1023"]
    assert list(counted.dump("lengths", *where)) == ["32-63", "512-1023"]


def test_totals(counted: Lab) -> None:
    shown = counted.ok("dump", "lengths", "--totals", "--top", "1").splitlines()
    assert [line.split() for line in shown] == [
        ["KEY", "PACKETS", "BYTES", "MAX_LENGTH"],
        ["32-63", "5", "300", "60"],
        ["total", "10", "3700"],
    ]
    assert counted.read("lengths", "--totals")["totals"] == {"packets": 10, "bytes": 3700}
    assert counted.read("pkt_cnt", "--totals")["totals"] == {"value": 10}
    said = counted.xdpctl("dump", "lengths", "--totals", "--csv", "--where", "packets > 2").stderr
    assert "totals: 8 packets, 3300 bytes" in said


def test_formats(counted: Lab) -> None:
    lines = [json.loads(line) for line in counted.ok("dump", "pkt_cnt", "--jsonl").splitlines()]
    assert lines == [{"key": 0, "value": 10}]
    text = counted.ok("dump", "lengths", "--prometheus")
    found = {
        (s.name, s.labels["key"]): s.value for f in text_string_to_metric_families(text) for s in f.samples
    }
    assert found["xdpctl_packets_total", "512-1023"] == 3
    assert found["xdpctl_max_length", "128-255"] == 200
    assert len(found) == 9


def test_several_maps_in_one_exposition(counted: Lab) -> None:
    counted.ok("load", "--pin", "/sys/fs/bpf/other")
    counted.ok("map", "set", "/sys/fs/bpf/other/pkt_cnt", "0", "4")
    text = counted.ok("dump", "lengths", "pkt_cnt", "/sys/fs/bpf/other/pkt_cnt", "--prometheus")
    found = [
        (f.name, s.labels["map"], s.value) for f in text_string_to_metric_families(text) for s in f.samples
    ]
    assert len(found) == 9 + 2
    assert found[-2:] == [("xdpctl_value", "pkt_cnt", 10), ("xdpctl_value", "/sys/fs/bpf/other/pkt_cnt", 4)]
    counted.refused(2, "several maps are for --prometheus alone", "dump", "lengths", "pkt_cnt")
    twice = ("dump", "lengths", "/sys/fs/bpf/ebpf/lengths", "--prometheus")
    counted.refused(2, "/sys/fs/bpf/ebpf/lengths is named twice", *twice)


def test_types_that_are_told(lab: Lab) -> None:
    path = "/sys/fs/bpf/plain"
    create = f"bpftool map create {path} type hash key 8 value 16 entries 4 name plain"
    update = f"bpftool map update pinned {path} key 10 0 0 1 0 80 0 0 value 7 0 0 0 0 0 0 0 44 1 0 0 0 0 0 0"
    lab.must("sh", "-c", f"{create} && {update}")
    said = "key:{src:ipv4,port:be16} value:{packets:u64,bytes:u64}"
    assert lab.read(path, "--as", said)["entries"] == [
        {"key": {"src": "10.0.0.1", "port": 80}, "value": {"packets": 7, "bytes": 300}}
    ]
    lab.refused(2, "a value of plain has 16 bytes, and this has 8", "dump", path, "--as", "key:u64 value:u64")
    lab.refused(2, "u65", "dump", path, "--as", "key:u65 value:u64")


def test_a_saved_map(counted: Lab) -> None:
    assert (
        counted.ok("dump", "lengths", "--save", "saved.jsonl")
        == "saved 32 elements of lengths in saved.jsonl\n"
    )
    about, *elements, end = map(json.loads, (counted.directory / "saved.jsonl").read_text().splitlines())
    assert (about["schema"], about["map"]["name"], len(elements)) == (1, "lengths", 32)
    assert end == {"elements": 32}
    packets = [sum(cpu["packets"] for cpu in element["cpus"]) for element in elements]
    assert {n: count for n, count in enumerate(packets) if count} == {5: 5, 7: 2, 9: 3}
    before = (counted.directory / "saved.jsonl").read_bytes()
    counted.refused(2, "there is no map 'lenghts'", "dump", "lenghts", "--save", "saved.jsonl")
    counted.refused(2, "can't be written", "dump", "lengths", "--save", "nowhere/saved.jsonl")
    assert (counted.directory / "saved.jsonl").read_bytes() == before
    printed = counted.ok("dump", "lengths", "--save", "-")
    assert printed.splitlines()[1:] == before.decode().splitlines()[1:]
    counted.must("sh", "-ec", "mkfifo pipe; ln -s saved.jsonl link")
    for path in ("pipe", "."):
        counted.refused(2, "is no file", "dump", "lengths", "--save", path)
    counted.ok("dump", "pkt_cnt", "--save", "link")
    assert (counted.directory / "link").is_symlink()
    assert (counted.directory / "saved.jsonl").read_text().count("\n") == 3
    assert not list(counted.directory.glob(".saved*"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--sort", "packet"), "there is no column 'packet'"),
        (("--where", "pakets > 1"), "there is no column 'pakets'"),
        (("--where", "packets > tcp"), "packets"),
        (("--where", "__import__('os')"), "--where"),
        (("--csv", "--jsonl"), "--jsonl and --csv exclude each other"),
        (("--jsonl", "--totals"), "--jsonl has no totals"),
        (("--save", "f", "--csv"), "--save writes all of a map"),
        (("--top", "0"), "--top"),
        (("--via", "magic"), "--via"),
    ],
)
def test_what_makes_no_sense(counted: Lab, options: tuple[str, ...], says: str) -> None:
    counted.refused(2, says, "dump", "lengths", *options)


def test_json_that_is_too_deep(lab: Lab) -> None:
    lab.must(*"bpftool map create /sys/fs/bpf/deep type hash key 4 value 8 entries 4 name deep".split())
    (lab.directory / "deep").write_text('{"key":' * 20_000 + "\n")
    told = ("--as", "key:u32 value:{n:u64}")
    lab.refused(2, "deep", "map", "set", "/sys/fs/bpf/deep", "--batch", "deep", *told)
    lab.refused(2, "deep", "map", "restore", "deep", "/sys/fs/bpf/deep")
    lab.refused(2, "value", "map", "set", "/sys/fs/bpf/deep", "1", '{"n":' * 5000, *told)


def test_where_nothing_is_shown_the_columns_are_told_all_the_same(counted: Lab) -> None:
    nothing = ("dump", "lengths", "--where", "packets > 1M")
    assert counted.xdpctl(*nothing).stderr == "nothing in lengths matches --where\n"
    assert counted.ok(*nothing, "--csv") == "key,packets,bytes,max_length\n"
    assert counted.ok(*nothing).splitlines()[0].split() == ["KEY", "PACKETS", "BYTES", "MAX_LENGTH"]
