"""Finding maps and reading them; what status shows; other network namespaces."""

import json

from .conftest import COMMAND, PIN, Lab

STRUCTS = """
#include <linux/bpf.h>
#include <linux/in6.h>
#include <bpf/bpf_helpers.h>
struct flow { __be32 source; __be16 port; __u8 flags : 3, rest : 5; __u8 pad; };
struct seen { __s32 delta; char name[4]; struct in6_addr where; enum xdp_action act; __u64 wide; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, struct flow);
	__type(value, struct seen);
} flows SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
} plain SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__uint(value_size, 4);
} queue SEC(".maps");
SEC("xdp") int fill(struct xdp_md *ctx)
{
	struct flow key = { .source = 0x0100000a, .port = 0x5000, .flags = 5 };
	struct seen value = { .delta = -7, .name = "abc", .act = XDP_TX, .wide = ~0ULL };
	__u32 zero = 0;
	value.where.in6_u.u6_addr8[15] = 1;
	bpf_map_update_elem(&flows, &key, &value, BPF_ANY);
	bpf_map_push_elem(&queue, &zero, 0);
	return bpf_map_lookup_elem(&plain, &zero) ? XDP_PASS : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_maps_of_others_read_by_meaning(lab: Lab) -> None:
    lab.compile("structs", STRUCTS)
    lab.ok("load", "--dev", "veth0")
    lab.send([60])
    [entry] = json.loads(lab.ok("dump", "flows", "--json"))["entries"]
    assert entry["key"] == {"source": "10.0.0.1", "port": 80, "flags": 5, "rest": 0, "pad": 0}
    assert entry["value"] == {"delta": -7, "name": "abc", "where": "::1", "act": "XDP_TX", "wide": 2**64 - 1}
    [raw] = json.loads(lab.ok("dump", "flows", "--json", "--raw"))["entries"]
    assert raw["key"]["source"] == "0x0a000001"
    assert raw["value"]["act"] == 3
    assert (
        lab.ok("dump", "flows", "--csv").splitlines()[0]
        == "source,port,flags,rest,pad,delta,name,where,act,wide"
    )


def test_maps_without_btf_and_without_entries(lab: Lab) -> None:
    lab.compile("structs", STRUCTS)
    lab.ok("load")
    done = lab.xdpctl("dump", "plain", "--json")
    assert json.loads(done.stdout)["entries"] == [{"key": "0x00000000", "value": "0x" + "00" * 8}]
    assert "no BTF" in done.stderr
    done = lab.xdpctl("dump", "queue")
    assert done.returncode == 1
    assert "a queue map" in done.stderr


def test_a_map_without_btf_found_by_its_name(lab: Lab) -> None:
    """bpftool 7.1 lists it with the BTF of the map before."""
    lab.build()
    lab.ok("load")
    lab.must("bpftool", *"map create /sys/fs/bpf/bare type array key 4 value 4 entries 1 name bare".split())
    done = lab.xdpctl("dump", "bare", "--csv")
    assert done.stdout == "key,value\n0x00000000,0x00000000\n"
    assert "bare isn't in /sys/fs/bpf/ebpf: reading /sys/fs/bpf/bare" in done.stderr


def test_raw_verdicts(lab: Lab) -> None:
    lab.ok("build", "--type", "array", "--key", "verdict")
    lab.ok("load")
    assert lab.dump("pkt_cnt", "--raw") == dict.fromkeys(range(5), 0)


def test_a_map_by_id_and_by_path(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    about = json.loads(lab.ok("dump", "pkt_cnt", "--json"))["map"]
    assert about == {
        "id": about["id"],
        "name": "pkt_cnt",
        "type": "hash",
        "key_size": 4,
        "value_size": 8,
        "max_entries": 1,
        "pin": f"{PIN}/pkt_cnt",
    }
    assert lab.dump(f"id:{about['id']}") == {}
    assert lab.dump(f"{PIN}/pkt_cnt") == {}


def test_maps_that_are_not_there(lab: Lab) -> None:
    lab.ok("build", "--map", "my_very_own_map")
    lab.ok("load")
    for name, words in {
        "my_very_ovn_map": "did you mean 'my_very_own_map'?",
        "id:999999999": "there is no map with id 999999999",
        "id:x": "is no map id",
        f"id:{2**32 + 1}": "is no map id",
        f"id:{'9' * 5000}": "is no map id",
        PIN: "is a directory, not a map",
        f"{PIN}/my_very_own": f"did you mean '{PIN}/my_very_own_map'?",
        f"{PIN}/xdp_allow": "is no map but a program",
    }.items():
        done = lab.xdpctl("dump", name)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
        assert done.stdout == ""


def test_several_maps_of_one_name(lab: Lab) -> None:
    lab.ok("build", "--map", "twice_the_same")
    lab.ok("load", "--pin", "/sys/fs/bpf/one")
    lab.ok("load", "--pin", "/sys/fs/bpf/two")
    done = lab.xdpctl("dump", "twice_the_same")
    assert done.returncode == 2
    assert "/sys/fs/bpf/one/twice_the_same" in done.stderr
    assert "/sys/fs/bpf/two/twice_the_same" in done.stderr
    assert "id:" in done.stderr


def test_json_and_csv_exclude_each_other(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    assert lab.xdpctl("dump", "pkt_cnt", "--json", "--csv").returncode == 2
    assert lab.xdpctl("dump", "pkt_cnt", "--per-cpu").returncode == 2, "one value for all CPUs"


def test_a_closed_pipe_ends_quietly(lab: Lab) -> None:
    lab.ok("build", "--type", "array", "--key", "verdict")
    lab.ok("load")
    done = lab.run("sh", "-c", f"{COMMAND} dump pkt_cnt | true")
    assert done.stderr == ""


def test_status(lab: Lab) -> None:
    lab.ok(
        "build",
        "--program",
        "status_test",
        "--type",
        "percpu_array",
        "--field",
        "packets",
        "--field",
        "bytes",
    )
    lab.ok("load", "--dev", "veth0")
    programs = json.loads(lab.ok("status", "--json"))
    assert programs["schema"] == 1
    [mine] = [p for p in programs["programs"] if p["name"] == "status_test"]
    assert mine["ours"]
    assert mine["attached"] == [{"device": "veth0", "mode": "native"}]
    assert mine["pinned"] == [f"{PIN}/status_test"]
    [pkt_cnt] = [m for m in mine["maps"] if m["name"] == "pkt_cnt"]
    assert (pkt_cnt["type"], pkt_cnt["key_size"], pkt_cnt["value_size"], pkt_cnt["max_entries"]) == (
        "percpu_array",
        4,
        16,
        1,
    )
    [text] = [told for told in lab.ok("status").split("\n\n") if told.startswith("* status_test")]
    assert f"* status_test  id {mine['id']}  tag {mine['tag']}  since 20" in text
    assert "rodata" not in text


def test_status_of_one_or_none(lab: Lab) -> None:
    lab.ok("build", "--program", "count_one", "--map", "one_cnt")
    lab.ok("load", "bpf/count_one.bpf.o", "--pin", "/sys/fs/bpf/other", "--dev", "veth0")
    lab.ok("build", "--program", "count_two", "--map", "two_cnt")
    lab.ok("load", "bpf/count_two.bpf.o")

    def names(*words: str) -> list[str]:
        return [p["name"] for p in json.loads(lab.ok("status", "--json", *words))["programs"]]

    assert [name for name in names() if name in ("count_one", "count_two")] == ["count_two", "count_one"]
    assert names()[0] == "count_two"
    number = json.loads(lab.ok("status", "count_one", "--json"))["programs"][0]["id"]
    for word in (
        "count_one",
        "one_cnt",
        "veth0",
        "/sys/fs/bpf/other",
        "/sys/fs/bpf/other/one_cnt",
        f"id:{number}",
    ):
        assert names(word) == ["count_one"], word
    assert names(PIN) == ["count_two"]
    assert names("lo") == names(str(lab.directory)) == []
    done = lab.xdpctl("status", "lo")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no XDP program runs on lo\n")
    assert lab.xdpctl("status", "/sys/kernel").stderr == "no XDP program is pinned in /sys/kernel\n"
    lab.refused(2, "there is no XDP program, map or device 'veth'\n  did you mean 'veth0'?", "status", "veth")
    lab.refused(2, "there is no XDP program /sys/fs/bpf/nowhere", "status", "/sys/fs/bpf/nowhere")


def test_another_network_namespace(lab: Lab) -> None:
    """Pins stay where they are; the device is found, attached and detached in its own namespace."""
    lab.build()
    lab.ok("--netns", "peer", "load", "--dev", "veth1")
    assert lab.must("ls", PIN).split() == ["pkt_cnt", "xdp_allow"]
    lab.must("ping", "-q", "-c", "2", "-i", "0.02", "10.77.0.2")
    assert lab.dump() == {0: 2}
    assert "veth1" in lab.ok("--netns", "/run/netns/peer", "status")
    lab.ok("--netns", "peer", "detach", "veth1")
    lab.ok("--netns", "peer", "attach", "veth1", "--mode", "generic")
    lab.ok("attach", "veth0")
    said = lab.ok("unload")
    assert "detached from veth1 in netns peer" in said
    assert "detached from veth0\n" in said
    assert lab.attached() == []
    assert lab.pins() == []


def test_a_namespace_that_only_a_file_keeps(lab: Lab) -> None:
    path = lab.directory / "ns"
    path.touch()
    lab.must("unshare", f"--net={path}", "ip", "link", "add", "vx0", "type", "veth", "peer", "name", "vx1")
    lab.build()
    lab.ok("--netns", str(path), "load", "--dev", "vx0")
    assert f"detached from vx0 in netns {path}" in lab.ok("unload")
    lab.must("umount", str(path))


def test_show_commands_is_truthful(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    shown = lab.xdpctl("--show-commands", "dump", "pkt_cnt").stderr.splitlines()
    commands = [line for line in shown if line.startswith("bpftool")]
    assert any("map dump" in line for line in commands)
    for line in commands:
        lab.must("sh", "-c", line)


def test_maps_that_hold_something_else_than_counts(lab: Lab) -> None:
    create = "bpftool map create /sys/fs/bpf/{0} type {0} key {1} value {2} entries 4 name {0}"
    made = {
        "devmap": (4, 8),
        "prog_array": (4, 4),
        "queue": (0, 4),
        "bloom_filter": (0, 4),
        "cgroup_array": (4, 4),
        "xskmap": (4, 4),
    }
    lab.must("sh", "-ec", "\n".join(create.format(kind, *sizes) for kind, sizes in made.items()))
    lab.must(*"bpftool map update name devmap key 1 0 0 0 value 1 0 0 0 255 255 255 255".split())
    entries = lab.read("/sys/fs/bpf/devmap")["entries"]
    assert [entry["value"] for entry in entries] == [None, {"ifindex": 1, "program": 0}, None, None]
    assert lab.dump("/sys/fs/bpf/prog_array") == {}
    said = lab.refused(1, "queue can't be dumped, being a queue map", "dump", "/sys/fs/bpf/queue")
    assert "bpftool map peek name queue" in said
    lab.refused(1, "only tells whether something is in it", "dump", "/sys/fs/bpf/bloom_filter")
    lab.refused(1, "doesn't tell which cgroups", "dump", "/sys/fs/bpf/cgroup_array")
    assert "xskmap is empty" in lab.xdpctl("dump", "/sys/fs/bpf/xskmap").stderr  # no socket is in it
    lab.refused(2, "nothing in its values is a count", "watch", "/sys/fs/bpf/devmap")
