"""`load --replace`: a new program in the place of ours; counters go on, and devices are never without one."""

import pytest

from .conftest import PIN, Lab

CODE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct value {{ {value} }};
struct {{
    __uint(type, BPF_MAP_TYPE_{type}); __uint(max_entries, {entries});
    __type(key, __u32); __type(value, struct value);
}} hits SEC(".maps");
struct {{
    __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64);
}} steady SEC(".maps");
{variables}
SEC("xdp") int counts(struct xdp_md *ctx)
{{
    __u32 key = 0;
    struct value *mine = bpf_map_lookup_elem(&hits, &key);
    __u64 *other = bpf_map_lookup_elem(&steady, &key);
    if (mine) __sync_fetch_and_add(&mine->packets, 1);
    if (other) __sync_fetch_and_add(other, 1);
    __sync_fetch_and_add(&total, 1);
    return {verdict};
}}
char LICENSE[] SEC("license") = "GPL";
"""
USUAL = {
    "value": "__u64 packets; __u64 spare;",
    "type": "ARRAY",
    "entries": "1",
    "variables": "__u64 total;",
    "verdict": "XDP_PASS",
}


def version(lab: Lab, **other: str) -> str:
    """An object, and how its source differs from the usual one."""
    return str(lab.compile("counts", CODE.format(**{**USUAL, **other})))


def ids(lab: Lab) -> dict[str, int]:
    return {name: lab.read(name)["map"]["id"] for name in ("hits", "steady")}


@pytest.mark.parametrize("mode", ["native", "generic"])
def test_counters_go_on(lab: Lab, mode: str) -> None:
    lab.ok("load", version(lab), "--dev", "veth0", "--mode", mode)
    [(_, old)], before, maps = lab.attached(), lab.pins(), ids(lab)
    lab.ping(3)
    said = lab.ok("load", version(lab, verdict="XDP_PASS + 0 * key"), "--replace")
    assert said == f"replaced counts by counts on veth0 ({mode} mode), in {PIN}; kept: hits, steady\n"
    [(_, new)] = lab.attached()
    assert new != old
    assert not lab.program_exists(old)
    lab.ping(2)
    assert (ids(lab), lab.pins()) == (maps, before)
    assert lab.dump("hits")[0]["packets"] == 5
    assert lab.dump("steady") == {0: 5}
    assert lab.read("counts.bss")["entries"][0]["value"] == {"total": 5}
    lab.ok("unload")
    assert lab.pins() == []
