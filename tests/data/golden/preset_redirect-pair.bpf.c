// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_pair counts packets and bytes by ifindex and verdict in the per-CPU hash map wire.
 * The map tx_port says where a packet goes; any other passes. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* A verdict as a map key. The kernel wants plain integers as keys of arrays,
 * so this isn't `enum xdp_action`; its name tells readers what it means. */
typedef __u32 xdp_action_t;

/* What the keys mean is in the names of their types: `xdpctl dump` reads them. */
typedef __u32 ifindex_t;	/* an interface's index */

struct wire_key {
	ifindex_t ifindex;
	xdp_action_t verdict;
};

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct wire_key);
	__type(value, struct counts);
} wire SEC(".maps");

/* What found no place in wire. */
__u64 wire_lost;
__u64 wire_lost_bytes;

/* For each interface, where its packets go: user space fills in an interface's index. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} tx_port SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count(struct xdp_md *ctx, xdp_action_t verdict, __u64 length)
{
	struct wire_key key = { .ifindex = ctx->ingress_ifindex, .verdict = verdict };
	struct counts *counts = bpf_map_lookup_elem(&wire, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&wire, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&wire, &key);
		if (!counts) {
			/* No: the map is full. */
			__sync_fetch_and_add(&wire_lost, 1);
			__sync_fetch_and_add(&wire_lost_bytes, length);
			return;
		}
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

SEC("xdp")
int xdp_pair(struct xdp_md *ctx)
{
	xdp_action_t verdict;

	verdict = bpf_redirect_map(&tx_port, ctx->ingress_ifindex, XDP_PASS);
	count(ctx, verdict, ctx->data_end - ctx->data);
	return verdict;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
