"""Maps of many elements, read in batches and through bpftool, and while they change."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND, Lab

ELEMENTS = Path(__file__).with_name("elements.py")
COUNT = 20_000
SIZE = 12
TYPES = ("hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "array", "percpu_array")
MAP = """
struct {
	__uint(type, BPF_MAP_TYPE_%s);
	__uint(max_entries, 40000);
	__type(key, %s);
	__type(value, struct value);%s
} %s SEC(".maps");
"""
PREFIXES = MAP % ("LPM_TRIE", "struct prefix", "\n\t__uint(map_flags, BPF_F_NO_PREALLOC);", "lpm_trie")
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct value { __u32 a, b, c; };
struct prefix { __u32 prefixlen, number; };
%s
SEC("xdp") int xdp_maps(struct xdp_md *ctx)
{
	struct prefix prefix = { 32, 0 };
	__u32 key = 0;
%s
	if (bpf_map_lookup_elem(&lpm_trie, &prefix))
		return XDP_TX;
	return XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture
def maps(lab: Lab) -> Lab:
    """A map of each type, empty."""
    definitions = PREFIXES + "".join(MAP % (kind.upper(), "__u32", "", kind) for kind in TYPES)
    uses = "\n".join(f"\tif (bpf_map_lookup_elem(&{t}, &key))\n\t\treturn XDP_PASS;" for t in TYPES)
    (lab.directory / "xdp_maps.c").write_text(SOURCE % (definitions, uses))
    lab.ok("build", "xdp_maps.c", "--out", "o")
    lab.ok("load", "o/xdp_maps.bpf.o", "--pin", "/sys/fs/bpf/large")
    return lab


def elements(what: str, map_type: str) -> list[str]:
    slots = os.cpu_count() if "percpu" in map_type else 1
    return [
        sys.executable,
        str(ELEMENTS),
        what,
        f"/sys/fs/bpf/large/{map_type}",
        str(COUNT),
        str(SIZE),
        str(slots),
    ]


def entries(lab: Lab, map_type: str, via: str, *options: str) -> list[dict[str, Any]]:
    said = lab.read(map_type, "--via", via, *options)["entries"]
    return sorted(said, key=number)


def number(entry: dict[str, Any]) -> int:
    key = entry["key"]
    return int(key["number"] if isinstance(key, dict) else key)


@pytest.mark.parametrize("map_type", TYPES)
def test_both_ways_give_the_same(maps: Lab, map_type: str) -> None:
    maps.must(*elements("fill", map_type))
    options = ("--per-cpu",) if "percpu" in map_type else ()
    found = entries(maps, map_type, "batch", *options)
    assert found == entries(maps, map_type, "bpftool", *options)
    numbers = [entry["key"] for entry in found if entry["value"]["a"]]
    assert numbers == list(range(len(numbers) == COUNT - 1, COUNT)), "all that was written, and its sums"


def test_batches_are_the_way_for_large_maps(maps: Lab) -> None:
    def ways(*options: str) -> list[str]:
        shown = maps.xdpctl("--show-commands", "dump", "hash", "--csv", *options).stderr
        return [way for way in ("bpf_map_lookup_batch", "map dump") if way in shown]

    maps.must(*elements("fill", "hash"))
    assert ways() == ways("--via", "batch") == ["bpf_map_lookup_batch"]
    assert ways("--via", "bpftool") == ["map dump"]


@contextmanager
def churn(lab: Lab, map_type: str) -> Iterator[None]:
    argv = lab.enter(*elements("churn", map_type))
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as changing:
        assert changing.stdout
        changing.stdout.readline()
        try:
            yield
        finally:
            changing.kill()


CHANGING = [*((kind, via) for kind in ("hash", "percpu_hash") for via in ("batch", "bpftool"))]


@pytest.mark.parametrize(("map_type", "via"), [*CHANGING, ("lru_hash", "batch"), ("lpm_trie", "bpftool")])
def test_nothing_is_lost_or_doubled_while_a_map_changes(maps: Lab, map_type: str, via: str) -> None:
    """What is there all the time comes exactly once, what comes and goes at most once."""
    maps.must(*elements("fill", map_type))
    with churn(maps, map_type):
        for _ in range(3):
            keys = Counter(number(entry) for entry in entries(maps, map_type, via))
            assert max(keys.values()) == 1
            assert [n for n in range(0, COUNT, 2) if n not in keys] == []


def test_a_reader_that_has_enough_ends_it(maps: Lab) -> None:
    maps.must(*elements("fill", "hash"))
    done = maps.run("sh", "-c", f"{COMMAND} dump /sys/fs/bpf/large/hash --jsonl | head -n 1")
    assert (json.loads(done.stdout)["value"].keys(), done.stderr) == ({"a", "b", "c"}, "")
