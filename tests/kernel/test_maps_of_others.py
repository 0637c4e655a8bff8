"""What others have loaded: maps of the same names, of other types, and their global variables."""

from .conftest import COMMAND, PIN, Lab

VARIABLES = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
__u64 seen, flags;
const volatile __u64 limit = 7;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
	__type(key, __u32); __type(value, __u64);
} plain SEC(".maps");
SEC("xdp") int xdp_vars(struct xdp_md *ctx)
{
	__u32 key = 0;

	__sync_fetch_and_add(&seen, 1);
	if (limit == 8)
		flags = 1;
	return bpf_map_lookup_elem(&plain, &key) ? XDP_PASS : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_variables_of_ones_own_program(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o", "--pin", "/sys/fs/bpf/other")
    lab.ok("load", "bpf/vars.bpf.o", "--dev", "veth0")
    lab.send([60, 60])
    assert lab.dump(".bss") == {0: {"seen": 2, "flags": 0}}
    assert lab.dump(".bss", "--pin", "/sys/fs/bpf/other") == {0: {"seen": 0, "flags": 0}}
    assert "known: plain, " in lab.refused(2, "there is no map '1234'", "dump", "1234")


def test_constants_are_no_counters(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o")
    assert "# TYPE xdpctl_limit gauge" in lab.ok("dump", ".rodata", "--prometheus")
    variables = lab.ok("dump", ".bss", "--prometheus")
    assert "# TYPE xdpctl_seen_total counter" in variables
    assert "# TYPE xdpctl_flags gauge" in variables
    assert "nothing in its values is a count" in lab.xdpctl("watch", ".rodata", "--count", "1").stderr


def test_only_maps_are_named_among_maps(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o")
    for words in (["map", "pin", "nosuch", "other"], ["map", "clear", "nosuch"], ["dump", f"{PIN}/nosuch"]):
        told = lab.refused(2, "there is no map", *words)
        assert "plain" in told
        assert "xdp_vars" not in told


def test_a_bpffs_that_is_read_only(lab: Lab) -> None:
    """bpftool says no more than that it failed to pin the program."""
    lab.ok("build")
    lab.ok("load", "--pin", "/sys/fs/bpf/other")
    lab.must("mkdir", PIN)
    map_id = lab.read("pkt_cnt", "--pin", "/sys/fs/bpf/other")["map"]["id"]
    lab.must("mount", "-o", "remount,ro", "/sys/fs/bpf")
    told = lab.refused(3, f"nothing can be pinned in {PIN}: its bpffs is mounted read-only", "load")
    assert "mount -o remount,rw /sys/fs/bpf" in told
    lab.refused(3, "read-only", "map", "pin", f"id:{map_id}", "again")


def test_a_table_fits_the_terminal(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o")
    dump = f"{COMMAND} dump .bss 2>/dev/null"
    shown = lab.must("script", "-qec", f"stty cols 14; {dump}; {dump} | cat", "/dev/null")
    assert shown.split() == "KEY 0 seen 0 flags 0 KEY SEEN FLAGS 0 0 0".split()
    assert max(map(len, shown.splitlines()[:4])) <= 14
