"""Values of kinds that are seldom in maps: shown, written, and taken back from every format."""

import json

from . import maps
from .conftest import Lab

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#define MAP(NAME, TYPE, VALUE) struct { \\
	__uint(type, BPF_MAP_TYPE_##TYPE); __uint(max_entries, 2); \\
	__type(key, __u32); __type(value, VALUE); } NAME SEC(".maps")
enum level { LOW = -3, HIGH = 7 };
struct part { __u8 a; __u32 b; };
struct odd { enum level level; float f; double d; _Bool on; struct part in[2]; char names[2][4]; };
struct locked { __u32 n; struct bpf_spin_lock lock; __u64 packets; };
MAP(odd, HASH, struct odd);
MAP(ratios, PERCPU_ARRAY, double);
MAP(locked, HASH, struct locked);
MAP(locked_array, ARRAY, struct locked);
static __always_inline void count(struct locked *locked)
{
	if (!locked)
		return;
	bpf_spin_lock(&locked->lock);
	locked->packets++;
	bpf_spin_unlock(&locked->lock);
}
SEC("xdp") int xdp_odd(struct xdp_md *ctx)
{
	__u32 key = 1;

	bpf_map_lookup_elem(&ratios, &key);
	count(bpf_map_lookup_elem(&locked, &key));
	count(bpf_map_lookup_elem(&locked_array, &key));
	return bpf_map_lookup_elem(&odd, &key) ? XDP_PASS : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""
VALUE = {
    "level": -2,
    "f": 0.1,
    "d": -2.25,
    "on": True,
    "in": [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
    "names": ["it's", '\\"'],
}


def test_what_is_shown_is_taken_back(lab: Lab) -> None:
    lab.compile("odd", SOURCE)
    lab.ok("load", "bpf/odd.bpf.o")
    lab.ok("map", "set", "odd", "1", json.dumps(VALUE))
    assert lab.dump("odd") == {1: VALUE}
    for form in ("--csv", "--jsonl"):
        (lab.directory / "saved").write_text(lab.ok("dump", "odd", form))
        lab.ok("map", "clear", "odd")
        lab.ok("map", "set", "odd", "--batch", "saved")
        assert lab.dump("odd") == {1: VALUE}
    table = lab.ok("dump", "odd", "--where", "in[1].b == 4 and f < 0.5 and level < 0", "--sort", "in[0].a")
    assert table.splitlines()[1].split()[:5] == ["1", "-2", "0.1", "-2.25", "true"]
    ran = maps.each(
        lab,
        [
            ["map", "set", "odd", "1", "level=low", "in[1].b=5", "d=3"],
            ["map", "get", "odd", "1", "--json"],
            ["map", "set", "odd", "1", "in[2].b=5"],
            ["dump", "odd", "--where", "in[2].b == 5"],
            ["dump", "odd", "--sort", "in[2]"],
        ],
    )
    changed = {**VALUE, "level": "LOW", "d": 3.0, "in": [{"a": 1, "b": 2}, {"a": 3, "b": 5}]}
    assert json.loads(ran[1].out)["entries"] == [{"key": 1, "value": changed}]
    assert [one.status for one in ran] == [0, 0, 2, 2, 2], ran
    assert "value.in has no element [2].b\n  known: [0] to [1]" in ran[2].err
    assert "there is no in[2]" in ran[3].err
    assert "there is no in[2]" in ran[4].err


def test_values_with_a_lock(lab: Lab) -> None:
    """The kernel gives zeros for it, and leaves it alone whatever is written."""
    lab.compile("odd", SOURCE)
    lab.ok("load", "bpf/odd.bpf.o", "--dev", "veth0")
    commands = [
        "map set locked 1 n=5 packets=6",
        "map set locked 1 packets=10",
        "map set locked 2 7 8",
        "map set locked_array 1 packets=20",
        "map set locked 2 lock=0",
    ]
    ran = maps.each(lab, [command.split() for command in commands])
    assert [one.status for one in ran] == [0, 0, 0, 0, 2], ran
    assert "value.lock is a bpf_spin_lock, which only the kernel writes" in ran[4].err
    lab.send([60, 60])
    expected = {1: {"n": 5, "packets": 12}, 2: {"n": 7, "packets": 8}}
    assert lab.dump("locked") == lab.dump("locked", "--via", "bpftool") == expected
    assert lab.dump("locked_array")[1] == {"n": 0, "packets": 22}
    lab.ok("dump", "locked", "--save", "saved")
    lab.ok("map", "clear", "locked")
    lab.ok("map", "restore", "saved")
    assert lab.dump("locked") == expected


def test_what_cpus_have_that_is_no_number(lab: Lab) -> None:
    lab.compile("odd", SOURCE)
    lab.ok("load", "bpf/odd.bpf.o")
    lab.ok("map", "set", "ratios", "0", "nan", "--cpu", "0")
    lab.ok("map", "set", "ratios", "0", "1.5", "--cpu", "1")
    found = lab.dump("ratios")[0]
    assert found[:2] == ["nan", 1.5]
    assert "nan" in lab.ok("dump", "ratios").splitlines()[1]
    told = lab.xdpctl("dump", "ratios", "--prometheus")
    assert "value is left out: Prometheus takes nothing but numbers" in told.stderr
