"""Words become bytes that the kernel takes, and that `dump` shows as these words."""

import json

import msgspec

from xdpctl.core.btf.types import BtfDump
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.encode.words import parse_input

from .conftest import PIN, Lab

MAPS = """
#include <linux/bpf.h>
#include <linux/in6.h>
#include <bpf/bpf_helpers.h>
struct trie { __u32 prefixlen; __be32 addr; };
struct seen {
	__s32 delta : 5;
	__u32 rest : 27;
	char name[8];
	__u8 mac[6];
	__be16 port;
	struct in6_addr where;
	enum xdp_action act;
	_Bool on;
	union { __u32 number; __u8 part[4]; };
	struct { __u64 a; __u8 b; } in;
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4);
	__type(key, struct trie);
	__type(value, struct seen);
} words SEC(".maps");
SEC("xdp") int pass(struct xdp_md *ctx)
{
	struct trie key = { 32, 0 };

	return bpf_map_lookup_elem(&words, &key) ? XDP_PASS : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""
SAID = (
    "delta=-16 rest=0x1f name=eth0 mac=02:00:00:00:00:ff port=443 where=2001:db8::1 act=drop on=true "
    "part=[1,2,3,4] in.a=18446744073709551615 in.b=7"
)
SHOWN = {
    "delta": -16,
    "rest": 31,
    "name": "eth0",
    "mac": "02:00:00:00:00:ff",
    "port": 443,
    "where": "2001:db8::1",
    "act": "XDP_DROP",
    "on": True,
    "number": 0x04030201,
    "part": [1, 2, 3, 4],
    "in": {"a": 2**64 - 1, "b": 7},
}


def test_words_are_what_the_kernel_is_given(lab: Lab) -> None:
    lab.compile("words", MAPS)
    lab.ok("load")
    pinned = ("pinned", f"{PIN}/words")
    about = json.loads(lab.must("bpftool", "-j", "map", "show", *pinned))
    btf = msgspec.json.decode(
        lab.must("bpftool", "-j", "btf", "dump", "id", str(about["btf_id"])), type=BtfDump
    )
    ends = msgspec.json.decode(
        lab.must("bpftool", "-j", "btf", "dump", "map", "id", str(about["id"])), type=BtfDump
    )
    encoder = Encoder(btf.types)
    key = encoder.writer("key", ends.types[0].id, about["bytes_key"])
    value = encoder.writer("value", ends.types[1].id, about["bytes_value"])
    words = key(parse_input(["10.0.0.0/8"]), None), value(parse_input(SAID.split()), None)
    given = ("key", "hex", *words[0].hex(" ").split(), "value", "hex", *words[1].hex(" ").split())
    lab.must("bpftool", "map", "update", *pinned, *given)
    for options in ([], ["--raw"]):
        [entry] = lab.read("words", *options)["entries"]
        assert (key(entry["key"], None), value(entry["value"], None)) == words
        if not options:
            assert entry == {"key": {"prefixlen": 8, "addr": "10.0.0.0"}, "value": SHOWN}
