"""Maps that are there before an object is loaded: pinned by their name, or named with --use."""

import pytest

from .conftest import PIN, Lab

OTHER = "/sys/fs/bpf/other"
CODE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {{
    __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64);
    {more}
}} seen_by_both SEC(".maps");
struct {{
    __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64);
}} own SEC(".maps");
__u64 total;
SEC("xdp") int {program}(struct xdp_md *ctx)
{{
    __u32 key = 0;
    __u64 one = 1, *hits = bpf_map_lookup_elem(&seen_by_both, &key), *mine = bpf_map_lookup_elem(&own, &key);
    if (hits) __sync_fetch_and_add(hits, 1); else bpf_map_update_elem(&seen_by_both, &key, &one, BPF_ANY);
    if (mine) __sync_fetch_and_add(mine, 1);
    total++;
    return ctx->ingress_ifindex ? XDP_PASS : XDP_DROP;
}}
char LICENSE[] SEC("license") = "GPL";
"""
BY_NAME = "__uint(pinning, LIBBPF_PIN_BY_NAME);"
CREATE = ("--type", "hash", "--key", "u32", "--value", "u64", "--max-entries", "8")


@pytest.fixture
def pinned(lab: Lab) -> Lab:
    lab.compile("pinned", CODE.format(program="counts", more=BY_NAME))
    return lab


def id_of(lab: Lab, name: str) -> int:
    found: int = lab.read(name)["map"]["id"]
    return found


def test_a_map_that_pins_itself_is_made_in_the_pin_directory(pinned: Lab) -> None:
    pinned.ok("load", "--dev", "veth0")
    assert pinned.pins() == [PIN, f"{PIN}/counts", f"{PIN}/own", f"{PIN}/seen_by_both"]
    pinned.ping(2)
    assert pinned.dump("seen_by_both") == {0: 2}
    pinned.ok("unload")
    assert pinned.pins() == []
    pinned.ok("run", "--packet", "icmp")
    pinned.ok("bench", "bpf/pinned.bpf.o", "--rounds", "3", "--repeat", "100000")
    assert pinned.pins() == []


def test_one_that_is_there_is_used(pinned: Lab) -> None:
    pinned.ok("map", "create", "seen_by_both", *CREATE)
    pinned.ok("map", "set", "seen_by_both", "0", "40")
    before = id_of(pinned, "seen_by_both")
    done = pinned.xdpctl("load", "--dev", "veth0")
    assert done.returncode == 0, done.stderr
    assert f"{PIN}/seen_by_both" in done.stderr
    pinned.ping(2)
    assert id_of(pinned, "seen_by_both") == before
    assert pinned.dump("seen_by_both") == {0: 42}
    assert pinned.dump("own") == {0: 2}
    assert pinned.pins() == [PIN, f"{PIN}/counts", f"{PIN}/own", f"{PIN}/seen_by_both"]
    pinned.ok("unload")
    assert pinned.pins() == [PIN, f"{PIN}/seen_by_both"], "it was there before"
    assert pinned.dump("seen_by_both") == {0: 42}


def test_one_that_differs_is_refused_field_by_field(pinned: Lab) -> None:
    wrong = ("--type", "array", "--key", "u32", "--value", "u32", "--max-entries", "9")
    pinned.ok("map", "create", "seen_by_both", *wrong)
    said = pinned.refused(2, f"the map at {PIN}/seen_by_both isn't like seen_by_both of", "load")
    for field in ("type: array, not hash", "value: 4 bytes, not 8 bytes", "entries: 9, not 8"):
        assert field in said
    assert "key:" not in said


def test_a_map_of_another_program_is_shared(lab: Lab) -> None:
    first = lab.compile("first", CODE.format(program="first", more=""))
    second = lab.compile("second", CODE.format(program="second", more=""))
    lab.ok("load", str(first))
    there = f"seen_by_both={PIN}/seen_by_both"
    lab.ok("load", str(second), "--pin", OTHER, "--use", there, "--dev", "veth0")
    lab.ping(2)
    assert id_of(lab, f"{OTHER}/seen_by_both") == id_of(lab, f"{PIN}/seen_by_both")
    assert (lab.dump("seen_by_both"), lab.dump("own"), lab.dump(f"{OTHER}/own")) == ({0: 2}, {0: 0}, {0: 2})
    assert lab.must("ls", OTHER).split() == ["own", "second", "seen_by_both"]
    lab.ok("unload", "--pin", OTHER)
    assert lab.dump("seen_by_both") == {0: 2}
    assert lab.pins() == [PIN, f"{PIN}/first", f"{PIN}/own", f"{PIN}/seen_by_both"]


def test_a_map_of_another_name_takes_the_place(lab: Lab) -> None:
    code = lab.compile("first", CODE.format(program="first", more=""))
    lab.ok("map", "create", "total", *CREATE)
    lab.ok("load", str(code), "--use", "seen_by_both=total", "--dev", "veth0")
    lab.ping(2)
    assert lab.dump("total") == lab.dump("seen_by_both") == {0: 2}
    assert lab.must("ls", PIN).split() == ["first", "own", "seen_by_both", "total"]
    lab.ok("unload")
    assert lab.must("ls", PIN).split() == ["total"]
    lab.ok("load", str(code), "--pin", OTHER, "--use", f"seen_by_both={PIN}/total")
    lab.ok("unload", "--pin", OTHER)
    assert lab.pins() == [PIN, f"{PIN}/total"]


def test_what_takes_no_place(lab: Lab) -> None:
    code = str(lab.compile("first", CODE.format(program="first", more="")))
    lab.ok("map", "create", "total", "--type", "hash", "--key", "u64", "--value", "u64", "--max-entries", "8")
    lab.refused(2, "key: 8 bytes, not 4 bytes", "load", code, "--use", "seen_by_both=total")
    lab.refused(2, "has no map 'seen'", "load", code, "--use", "seen=total")
    lab.refused(2, "there is no map 'none'", "load", code, "--use", "seen_by_both=none")
    lab.refused(2, "write --use MAP=PIN", "load", code, "--use", "seen_by_both")


def test_commands_that_are_shown_can_be_pasted(pinned: Lab) -> None:
    pinned.ok("map", "create", "seen_by_both", *CREATE)
    pinned.must("sh", "-ec", pinned.ok("--dry-run", "load", "--dev", "veth0"))
    pinned.ping(1)
    assert pinned.dump("seen_by_both") == {0: 1}
    assert pinned.pins() == [PIN, f"{PIN}/counts", f"{PIN}/own", f"{PIN}/seen_by_both"]


def test_nothing_is_left_where_a_step_fails(pinned: Lab) -> None:
    pinned.ok("map", "create", "seen_by_both", *CREATE)
    pinned.must("ip", "link", "add", "bridge0", "type", "bridge")
    pinned.refused(1, "failed to attach", "load", "--dev", "bridge0", "--mode", "native")
    assert pinned.must("find", "/run", "-name", "xdpctl*") == ""
