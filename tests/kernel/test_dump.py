"""What `dump` makes of counts: of several CPUs, counters and maps, and of packets without a place."""

import json
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from ..reference.facts import IPV6
from ..reference.packets import ethernet, ipv6, upper
from .conftest import PIN, Lab
from .wire import frames_of, send, udp

PATIENCE = 10.0
"""Seconds that the kernel may take to free what nobody holds any more."""

SEVERAL = "".join(
    f"""
[[counter]]
map = "c{n}"
type = "{map_type}"
key = {json.dumps(key)}
fields = ["packets", "bytes"]
max_entries = {most}
"""
    for n, (map_type, key, most) in enumerate(
        [
            ("array", "total", 1),
            ("percpu_array", "verdict", 5),
            ("percpu_array", "ip_proto", 257),
            ("array", "dst_port", 600),
            ("hash", ["src_port", "verdict"], 4),
            ("percpu_hash", "flow", 3),
            ("lru_hash", "flow", 8),
            ("lru_percpu_hash", "length", 8),
        ]
    )
)


def test_several_counters_agree(lab: Lab) -> None:
    """What is in the maps, and what is told beside them, is the same number of packets in all."""
    lab.load_spec(SEVERAL)
    frames = [udp(n % 7, 580 + n, src=IPv4Address(n * 1000)) for n in range(40)]
    frames += [ethernet(IPV6, ipv6(6, upper(n, 80) + bytes(n))) for n in range(20)]
    frames += [ethernet(0x88B5, bytes(n * 10)) for n in range(20)]
    send(lab, frames)
    for n in range(8):
        said = lab.read(f"c{n}")
        amounts = [entry["value"] for entry in said["entries"]]
        amounts += [said[beside] for beside in ("lost", "forgotten") if beside in said]
        found = {what: sum(amount[what] for amount in amounts) for what in ("packets", "bytes")}
        assert found == {"packets": len(frames), "bytes": sum(map(len, frames))}, n
        assert said.get("total", found) == found


SEEN = """
[[counter]]
map = "seen"
type = "percpu_hash"
fields = ["packets", "first_seen", "last_seen", "min_length", "max_length"]
"""


def test_times_are_times_of_day(lab: Lab) -> None:
    lab.load_spec(SEEN)
    slack = timedelta(seconds=1)
    before = datetime.now(UTC)
    send(lab, frames_of(60))
    between = datetime.now(UTC)
    first = lab.dump("seen")[0]
    assert first["first_seen"] == first["last_seen"]
    assert before - slack < datetime.fromisoformat(first["first_seen"]) < between + slack
    send(lab, frames_of(60))
    then = lab.dump("seen")[0]
    assert then["first_seen"] == first["first_seen"]
    assert first["last_seen"] < then["last_seen"]
    assert datetime.fromisoformat(then["last_seen"]) < datetime.now(UTC) + slack
    raw = lab.dump("seen", "--raw")[0]
    assert 0 < raw["first_seen"] < raw["last_seen"] < time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def test_fields_of_two_cpus_become_one(lab: Lab) -> None:
    lab.load_spec(SEEN)
    send(lab, frames_of(100, 1000), cpu=0)
    send(lab, frames_of(60, 1514, 61), cpu=1)
    [entry] = lab.read("seen", "--per-cpu")["entries"]
    one, two, *others = [part["value"] for part in entry["per_cpu"]]
    assert (one["packets"], one["min_length"], one["max_length"]) == (2, 100, 1000)
    assert (two["packets"], two["min_length"], two["max_length"]) == (3, 60, 1514)
    assert all(not any(other.values()) for other in others)
    assert entry["value"] == {
        "packets": 5,
        "first_seen": one["first_seen"],
        "last_seen": two["last_seen"],
        "min_length": 60,
        "max_length": 1514,
    }
    header, *rows = lab.ok("dump", "seen", "--per-cpu", "--csv").splitlines()
    assert header == "key,cpu,packets,first_seen,last_seen,min_length,max_length"
    assert rows[1] == f"0,1,3,{two['first_seen']},{two['last_seen']},60,1514"
    assert two["last_seen"] in lab.ok("dump", "seen", "--per-cpu")


BESIDE = """
[[counter]]
map = "few"
type = "hash"
key = "src_port"
fields = ["packets", "bytes"]
max_entries = 2
[[counter]]
map = "recent"
type = "lru_percpu_hash"
key = "src_port"
max_entries = 2
"""


def test_what_has_no_place_is_told_beside(lab: Lab) -> None:
    lab.load_spec(BESIDE)
    send(lab, [udp(n, 1) for n in (7, 8, 9, 7)] * 50)
    told = "lost: 50 packets, 2700 bytes\n"
    table = lab.ok("dump", "few")
    assert table.endswith(f"\n\n{told}")
    csv = lab.xdpctl("dump", "few", "--csv")
    assert sorted(csv.stdout.splitlines()) == ["7,100,5400", "8,50,2700", "key,packets,bytes"]
    assert csv.stderr == told
    assert lab.read("few")["lost"] == {"packets": 50, "bytes": 2700}

    said = lab.read("recent")
    forgotten = 200 - sum(entry["value"] for entry in said["entries"])
    assert forgotten >= 50
    assert said["total"] == {"packets": 200}
    assert said["forgotten"] == {"packets": forgotten}
    told = f"total: 200 packets\nforgotten: {forgotten} packets\n"
    assert lab.ok("dump", "recent").endswith(f"\n\n{told}")
    assert lab.xdpctl("dump", "recent", "--csv").stderr == told


def test_what_a_program_takes_with_it(lab: Lab) -> None:
    """How much was lost stands in a variable of the program; its pinned maps stay."""
    lab.load_spec(BESIDE)
    send(lab, [udp(n, 1) for n in range(5)])
    lab.ok("detach", "veth0")
    assert lab.read("few")["lost"] == {"packets": 3, "bytes": 3 * 54}
    lab.must("rm", f"{PIN}/xdp_allow")
    end = time.monotonic() + PATIENCE
    while lab.read("few")["lost"] is not None and time.monotonic() < end:
        time.sleep(0.05)
    said = lab.read("few")
    assert (len(said["entries"]), said["lost"]) == (2, None)
    told = "lost: unknown, since the program has gone\n"
    assert lab.ok("dump", "few").endswith(told)
    assert lab.xdpctl("dump", "few", "--csv").stderr == told
    assert lab.read("recent")["total"] == {"packets": 5}


CALLED_SO = """
[[counter]]
map = "m"
key = "src_port"
[[counter]]
map = "m_all"
type = "array"
key = "verdict"
"""
CALLED_SO_IN_C = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} m SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} m_all SEC(".maps");
SEC("xdp") int both(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&m, &zero) || bpf_map_lookup_elem(&m_all, &zero) ? XDP_PASS : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_a_map_that_is_only_called_like_one_beside(lab: Lab) -> None:
    lab.load_spec(CALLED_SO)
    send(lab, [udp(7, 1)])
    said = lab.read("m")
    assert (said["entries"], "total" in said) == ([{"key": 7, "value": 1}], False)
    lab.ok("unload")
    lab.compile("both", CALLED_SO_IN_C)
    lab.ok("load", "bpf/both.bpf.o")
    assert lab.dump("m") == {}


def test_zeros_of_a_large_array_are_hidden(lab: Lab) -> None:
    lab.ok("build", "--type", "percpu_array", "--key", "ip_proto", "--field", "packets", "--field", "bytes")
    lab.ok("load", "--dev", "veth0")
    send(lab, [udp(1, 2), *frames_of(60, 60)])
    table = lab.xdpctl("dump", "pkt_cnt")
    assert [line.split() for line in table.stdout.splitlines()[1:]] == [
        ["udp", "1", "54"],
        ["none", "2", "120"],
    ]
    assert table.stderr == "255 elements of pkt_cnt are zero: --json shows them too\n"
    csv = lab.xdpctl("dump", "pkt_cnt", "--csv")
    assert (csv.stdout, csv.stderr) == ("key,packets,bytes\nudp,1,54\nnone,2,120\n", table.stderr)
    json_ = lab.xdpctl("dump", "pkt_cnt", "--json")
    values = [entry["value"]["packets"] for entry in json.loads(json_.stdout)["entries"]]
    assert (len(values), sum(values), json_.stderr) == (257, 3, "")


def test_flows_of_both_versions_are_shown_together(lab: Lab) -> None:
    lab.ok("build", "--type", "percpu_hash", "--map", "flows", "--key", "flow")
    lab.ok("load", "--dev", "veth0")
    send(lab, [udp(1, 2), udp(1, 2), ethernet(IPV6, ipv6(6, upper(3, 4))), ethernet(0x88B5, bytes(46))])
    over_ipv4 = ["10.0.0.1,10.0.0.2,1,2,udp,2", "none,none,none,none,none,1"]
    over_ipv6 = ["2001:db8::1,2001:db8::2,3,4,tcp,1"]
    header, *rows = lab.ok("dump", "flows", "--csv").splitlines()
    assert header == "src_ip,dst_ip,src_port,dst_port,ip_proto,value"
    assert sorted(rows) == sorted(over_ipv4 + over_ipv6)
    assert lab.ok("dump", "flows6", "--csv").splitlines() == [header, *over_ipv6]
    assert len(lab.read("flows", "--per-cpu")["entries"]) == 3
    assert lab.must("ls", PIN).split() == ["flows", "flows6", "xdp_allow"]
