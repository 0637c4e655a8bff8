"""Counts that were saved are there again after a reboot, a rebuild, and with another number of CPUs."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from . import maps
from .conftest import XDPCTL, Lab

COUNTER = """
[[counter]]
map = "seen"
type = "{type}"
key = "src_ip"
fields = {fields}
max_entries = {most}
"""
FIELDS = ["packets", "bytes", "first_seen", "last_seen"]
SECOND = 1_000_000_000


def load(lab: Lab, fields: list[str], map_type: str = "percpu_hash", most: int = 4) -> None:
    (lab.directory / "spec.toml").write_text(COUNTER.format(type=map_type, fields=fields, most=most))
    lab.ok("build", "spec.toml")
    lab.ok("load")


def saved(lab: Lab) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    first, *lines = (lab.directory / "saved").read_text().splitlines()
    *elements, end = [json.loads(line) for line in lines]
    assert end == {"elements": len(elements)}
    return json.loads(first), elements


def write(lab: Lab, name: str, header: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    (lab.directory / name).write_text("\n".join(map(json.dumps, (header, *lines, {"elements": len(lines)}))))


def test_counts_survive(lab: Lab) -> None:
    load(lab, FIELDS)
    boot = time.time_ns() - time.monotonic_ns()
    start = datetime.fromtimestamp(boot // SECOND + 60, UTC)
    first, last = (f"{start + timedelta(seconds=n):%Y-%m-%dT%H:%M:%S}.500Z" for n in (0, 10))
    said = f"packets=5 bytes=6 first_seen={first} last_seen={last} --cpu".split()
    set_ = ["map", "set", "seen"]
    commands = [[*set_, "10.0.0.1", *said, "0"], [*set_, "10.0.0.1", "packets=7", "--cpu", "1"]]
    commands += [["dump", "seen", "--save", "saved"]]
    assert not any(ran.status for ran in maps.each(lab, commands))
    before = lab.read("seen", "--per-cpu")["entries"]
    assert before[0]["value"] == {"packets": 12, "bytes": 6, "first_seen": first, "last_seen": last}
    lab.ok("map", "clear", "seen")
    lab.ok(*set_, "10.0.0.9", *said, "0")
    assert lab.ok("map", "restore", "saved") == "1 element of seen restored\n"
    entries = {entry["key"]: entry for entry in lab.read("seen", "--per-cpu")["entries"]}
    assert {*entries} == {"10.0.0.1", "10.0.0.9"}
    assert [entries["10.0.0.1"]] == before

    # Of a machine with one more CPU, that was started 30 seconds earlier.
    header, [line] = saved(lab)
    header["boot"] -= 30 * SECOND
    line["cpus"].append({"packets": 100, "bytes": 1000, "first_seen": 5 * SECOND, "last_seen": 0})
    write(lab, "other", header, [line])
    lab.ok("map", "restore", "other")
    entries = {entry["key"]: entry for entry in lab.read("seen", "--per-cpu")["entries"]}
    one, *others = (part["value"] for part in entries["10.0.0.1"]["per_cpu"])
    assert (one["packets"], one["bytes"]) == (112, 1006)
    raw = {str(entry["key"]): entry["value"] for entry in lab.read("seen", "--raw")["entries"]}
    [times] = [value for value in raw.values() if value["packets"] == 112]
    assert times["first_seen"] == 1
    assert abs(datetime.fromisoformat(one["last_seen"]) - start + timedelta(seconds=19.5)) < timedelta(
        seconds=1
    )
    assert not any(any(other.values()) for other in others)

    # Built anew: with another field, without one, for all CPUs together, and smaller.
    for fields, map_type in ((["max_length", *FIELDS], "percpu_hash"), (["packets", "bytes"], "hash")):
        lab.ok("unload")
        load(lab, fields, map_type)
        if map_type == "hash":
            says = "saved:2: value has no member 'first_seen'"
            hint = lab.refused(2, says, "map", "restore", "saved")
            assert "build the map with that field" in hint
            line["cpus"] = [{"packets": cpu["packets"], "bytes": 1} for cpu in line["cpus"]]
            write(lab, "saved", header, [line])
        lab.ok("map", "restore", "saved")
        [value] = lab.dump("seen").values()
        wanted = {"packets": 12, "bytes": 6, "first_seen": first, "last_seen": last, "max_length": None}
        assert value == (wanted if map_type != "hash" else {"packets": 112, "bytes": 3})


def test_what_cannot_be_restored(lab: Lab) -> None:
    load(lab, ["packets"], "hash", 1)
    lab.ok("map", "set", "seen", "10.0.0.1", "5")
    lab.ok("dump", "seen", "--save", "saved")
    header, [line] = saved(lab)
    other = {**line, "key": {**line["key"], "addr": "0x0a000002" + "00" * 12}}
    write(lab, "more", header, [line, other])
    write(lab, "twice", header, [line, line])
    write(lab, "wide", header, [{**line, "value": 1 << 64}])
    wanted = {
        "more": "with those of more, seen would hold 2 elements: it has room for 1",
        "twice": "twice:3: the key 10.0.0.1 is there twice",
        "wide": "wide:2: value can't be 18446744073709551616",
        "spec.toml": "spec.toml is no saved map",
        "missing": "missing can't be read",
        "saved nowhere": "there is no map 'nowhere'",
    }
    done = maps.each(lab, [["map", "restore", *words.split()] for words in wanted])
    for ran, says in zip(done, wanted.values(), strict=True):
        assert (ran.status, ran.out) == (2, "")
        assert says in ran.err
    assert lab.dump("seen") == {"10.0.0.1": 5}
    said = lab.ok("--dry-run", "map", "restore", "saved")
    assert (said.split()[:5], said.count("\n")) == (["bpftool", "-j", "-n", "map", "update"], 1)


def test_of_a_devmap_what_is_there(lab: Lab) -> None:
    """Most of its elements are empty, and can't be written."""
    lab.load_spec('verdict = "redirect"\n[redirect]\nmap = "out"\nkey = "total"')
    device = lab.must("ip", "-o", "link", "show", "veth0").partition(":")[0]
    assert lab.ok("dump", "out", "--save", "empty") == "saved 0 elements of out in empty\n"
    lab.ok("map", "set", "out", "0", device)
    assert lab.ok("dump", "out", "--save", "saved") == "saved 1 element of out in saved\n"
    lab.ok("map", "delete", "out", "0")
    assert lab.ok("map", "restore", "saved") == "1 element of out restored\n"
    assert lab.ok("map", "get", "out", "0").split()[-2:] == ["veth0", f"({device})"]


def test_a_number_becomes_packets_and_bytes_and_back(lab: Lab) -> None:
    load(lab, ["packets"], "hash")
    lab.ok("map", "set", "seen", "10.0.0.1", "5")
    lab.ok("dump", "seen", "--save", "number")
    lab.ok("unload")
    load(lab, ["packets", "bytes"], "hash")
    done = lab.xdpctl("map", "restore", "number")
    note = "the numbers of the file are packets; bytes begin at zero\n"
    assert (done.stdout, done.stderr) == ("1 element of seen restored\n", note)
    lab.ok("map", "set", "seen", "10.0.0.1", "bytes=9")
    assert lab.dump("seen") == {"10.0.0.1": {"packets": 5, "bytes": 9}}
    lab.ok("dump", "seen", "--save", "struct")
    lab.ok("unload")
    load(lab, ["packets"], "hash")
    assert (
        lab.xdpctl("map", "restore", "struct").stderr == "seen has packets now; it has no place for bytes\n"
    )
    assert lab.dump("seen") == {"10.0.0.1": 5}


VARIABLES = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct limits {{ __u32 low; __u16 high; }};
__u64 hits; struct limits limits; int most = 7, least = 3;{more}
SEC("xdp") int xdp_globals(struct xdp_md *ctx)
{{
	hits++;
	return limits.low + limits.high > most - least ? XDP_DROP : XDP_PASS;
}}
char LICENSE[] SEC("license") = "GPL";
"""


def test_global_variables(lab: Lab) -> None:
    """They are those of the program in the pin directory; what the file doesn't tell stays."""
    lab.compile("globals", VARIABLES.format(more=""))
    lab.ok("load", "bpf/globals.bpf.o")
    lab.ok("map", "set", "globals.bss", "0", "hits=7", "limits.low=3")
    lab.ok("map", "set", "globals.data", "0", "most=9")
    lab.ok("dump", "globals.bss", "--save", "bss")
    lab.ok("dump", "globals.data", "--save", "data")
    lab.ok("unload")
    lab.compile("globals", VARIABLES.format(more="\n__u32 more; int other = 5;"))
    lab.ok("load", "bpf/globals.bpf.o")
    assert lab.ok("map", "restore", "bss") == "1 element of globals.bss restored\n"
    assert lab.ok("map", "restore", "data") == "1 element of globals.data restored\n"
    assert lab.dump("globals.bss") == {0: {"hits": 7, "limits": {"low": 3, "high": 0}, "more": 0}}
    assert lab.dump("globals.data") == {0: {"most": 9, "least": 3, "other": 5}}
    lab.ok("unload")
    lab.refused(2, "there is no map 'globals.bss'", "map", "restore", "bss")
    lab.compile("renamed", VARIABLES.format(more=""))
    lab.ok("load", "bpf/renamed.bpf.o")
    told = lab.refused(2, "there is no map 'globals.bss'", "map", "restore", "bss")
    assert "if those of renamed.bss are meant: xdpctl map restore bss .bss" in told
    assert lab.ok("map", "restore", "bss", ".bss") == "1 element of renamed.bss restored\n"


MANY = 300_000
MOST_MEMORY = 64 << 10
"""In kilobytes."""
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdin=open("big.saved"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("source", ["big.saved", "-"])
def test_many_elements_need_little_memory(lab: Lab, source: str) -> None:
    """They are written by as few calls as `set --batch` makes."""
    lab.ok("map", "create", "big", "--key", "ip_addr", "--value", "u64", "--max-entries", str(MANY))
    header = {"schema": 1, "saved": "", "boot": 0, "map": {"name": "big", "type": "hash"}}
    with open(lab.directory / "big.saved", "w") as file:
        file.write(json.dumps(header) + "\n")
        for n in range(MANY):
            file.write(f'{{"key":{{"version":4,"addr":"0x{n:08x}{"00" * 12}"}},"value":{n}}}\n')
        file.write(f'{{"elements":{MANY}}}\n')
    begun = time.monotonic()
    said = lab.must(sys.executable, "-c", MEASURED, XDPCTL, "map", "restore", source, "big").split()
    assert said[:-1] == f"{MANY} elements of big restored".split()
    assert int(said[-1]) < MOST_MEMORY
    assert time.monotonic() - begun < 20
    key = "0.4.147.223"
    assert lab.ok("map", "get", "big", key).split() == ["KEY", "VALUE", key, str(MANY - 1)]
