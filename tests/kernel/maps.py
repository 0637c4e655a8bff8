"""A program with a map of each type whose elements people write, and many commands by one Python."""

import json
import sys
from typing import NamedTuple

from .conftest import Lab

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
typedef __u32 xdp_action_t;
struct prefix { __u32 prefixlen; __be32 addr; };
struct flow_key { __be32 src_ip; __be16 dst_port; __u16 zone; };
struct counts { __u64 packets, bytes; };
#define MAP(NAME, TYPE, ENTRIES, KEY, VALUE, FLAGS) struct { \\
	__uint(type, BPF_MAP_TYPE_##TYPE); __uint(max_entries, ENTRIES); __uint(map_flags, FLAGS); \\
	__type(key, KEY); __type(value, VALUE); } NAME SEC(".maps")
#define PLAIN(NAME, TYPE, KEY_SIZE) struct { \\
	__uint(type, BPF_MAP_TYPE_##TYPE); __uint(max_entries, 4); __uint(key_size, KEY_SIZE); \\
	__uint(value_size, 4); } NAME SEC(".maps")
MAP(policy, LPM_TRIE, 2, struct prefix, xdp_action_t, BPF_F_NO_PREALLOC);
MAP(flows, HASH, 3, struct flow_key, struct counts, 0);
MAP(actions, ARRAY, 5, xdp_action_t, struct counts, 0);
MAP(cpu_actions, PERCPU_ARRAY, 5, __u32, struct counts, 0);
MAP(cpu_flows, PERCPU_HASH, 40000, __u32, struct counts, 0);
MAP(many, HASH, 40000, __u32, struct counts, 0);
MAP(frozen, HASH, 8, __u32, __u32, 0);
MAP(names, HASH, 8, char[8], __s32, 0);
PLAIN(queue, QUEUE, 0);
PLAIN(programs, PROG_ARRAY, 4);
PLAIN(tx_ports, DEVMAP, 4);
const volatile int fixed = 7;
#define IS_IN(NAME, KEY) || bpf_map_lookup_elem(&NAME, KEY)
SEC("xdp") int xdp_maps(struct xdp_md *ctx)
{
	struct prefix prefix = { 32, 0 };
	struct flow_key flow = {};
	char name[8] = {};
	__u32 zero = 0;

	bpf_map_pop_elem(&queue, &zero);
	bpf_tail_call(ctx, &programs, fixed);
	zero = 0;
	if (0 IS_IN(policy, &prefix) IS_IN(flows, &flow) IS_IN(actions, &zero) IS_IN(cpu_actions, &zero)
		IS_IN(cpu_flows, &zero) IS_IN(many, &zero) IS_IN(frozen, &zero) IS_IN(names, name))
		return XDP_PASS;
	return bpf_redirect_map(&tx_ports, 0, 0);
}
char LICENSE[] SEC("license") = "GPL";
"""


def load(lab: Lab) -> None:
    lab.compile("maps", SOURCE)
    lab.ok("load", "bpf/maps.bpf.o")


RUN = """
import contextlib, io, json, sys
from xdpctl.cli import execute
for words in json.load(open(sys.argv[1])):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = execute(words)
    print(json.dumps((status, out.getvalue(), err.getvalue())))
"""


class Ran(NamedTuple):
    status: int
    out: str
    err: str


def each(lab: Lab, commands: list[list[str]]) -> list[Ran]:
    """What comes of xdpctl commands; starting it for each would take most of the time."""
    (lab.directory / "commands").write_text(json.dumps(commands))
    said = lab.must(sys.executable, "-c", RUN, "commands")
    return [Ran(*json.loads(line)) for line in said.splitlines()]
