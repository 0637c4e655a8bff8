"""`why` where the program runs and counts, and yet the kernel drops its packets."""

import time

import pytest

from .conftest import PIN, Lab
from .test_why import IN_PEER, frames, pings, traffic, why

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); }
    hits SEC(".maps");
SEC("xdp") int decides(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 *hit = bpf_map_lookup_elem(&hits, &key);
    if (hit)
        __sync_fetch_and_add(hit, 1);
    return %s;
}
char LICENSE[] SEC("license") = "GPL";
"""


def traces(lab: Lab) -> set[str]:
    names = lab.must("ls", "/sys/kernel/tracing/instances").split()
    return {name for name in names if name.startswith("xdpctl-trace")}


@pytest.mark.parametrize("mode", ["native", "generic"])
@pytest.mark.parametrize(
    ("verdict", "told"), [("9", "returned 9, which is"), ("-1", "returned 4294967295 (-1), which is")]
)
def test_a_verdict_that_is_no_action(mode: str, verdict: str, told: str, lab: Lab) -> None:
    lab.compile("decides", SOURCE % verdict)
    lab.ok("load", "--dev", "veth0", "--mode", mode)
    with frames(lab, "veth1", IN_PEER):
        for name in ("hits", "veth0"):
            said = why(lab, name)
            assert (said["link"], said["cause"]) == ("verdict", "no XDP action")
            assert told in said["says"]
            assert "the kernel dropped " in said["says"]
    lab.must("sh", "-ec", said["mend"].partition(": ")[2])
    assert lab.run("ls", "/sys/kernel/tracing/instances").stdout == ""
    assert why(lab)["cause"] == "no traffic"


def test_of_two_verdicts_the_odd_one_is_told_with_its_packets(lab: Lab) -> None:
    lab.compile("decides", SOURCE % "ctx->data_end - ctx->data > 100 ? 9 : XDP_PASS")
    lab.ok("load", "--dev", "veth0")
    with lab.trace(), pings(lab):
        assert why(lab)["ok"]
        large = "echo begun; exec ping -q -s 200 -i 0.1 10.77.0.1"
        with traffic(lab, *IN_PEER, "sh", "-c", large):
            said = why(lab)
        assert said["link"] == "verdict"
        dropped = int(said["says"].partition("dropped ")[2].split()[0])
        assert 3 < dropped < 15
        there, since = traces(lab), time.monotonic()
        while there & traces(lab):  # those of others end in time, too
            assert time.monotonic() - since < 60
            time.sleep(0.2)


@pytest.mark.parametrize("verdict", ["XDP_ABORTED", "XDP_DROP"])
def test_what_drops_on_purpose_is_healthy(verdict: str, lab: Lab) -> None:
    lab.compile("decides", SOURCE % verdict)
    lab.ok("load", "--dev", "veth0")
    with frames(lab, "veth1", IN_PEER):
        assert why(lab)["ok"]


def test_a_program_stands_for_the_device_where_it_runs(lab: Lab) -> None:
    lab.compile("decides", SOURCE % "9")
    lab.ok("load")
    assert why(lab, "decides")["cause"] == "not attached"
    lab.ok("--netns", "peer", "attach", "veth1")
    for name in ("decides", f"{PIN}/decides"):
        said = why(lab, name)
        assert (said["cause"], "veth1 in netns peer" in said["says"]) == ("no traffic", True)


def test_names_that_are_known_begin_with_ones_own(lab: Lab) -> None:
    constant = 'const volatile int limit = 7; SEC("xdp")'
    lab.compile("decides", (SOURCE % "9 + limit").replace('SEC("xdp")', constant))
    lab.ok("load")
    said = lab.refused(2, "there is no map and no device 'zzz'", "why", "zzz")
    assert "known: hits, lo, " in said
    assert ".rodata" not in said
