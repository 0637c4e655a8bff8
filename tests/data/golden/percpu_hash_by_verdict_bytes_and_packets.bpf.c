// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts bytes and packets by verdict in the per-CPU hash map pkt_cnt and passes
 * every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* A verdict as a map key. The kernel wants plain integers as keys of arrays,
 * so this isn't `enum xdp_action`; its name tells readers what it means. */
typedef __u32 xdp_action_t;

struct counts {
	__u64 bytes;
	__u64 packets;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 5);
	__type(key, xdp_action_t);
	__type(value, struct counts);
} pkt_cnt SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count(xdp_action_t key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct counts first = { .bytes = length, .packets = 1 };

		if (bpf_map_update_elem(&pkt_cnt, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&pkt_cnt, &key);
		if (!counts)
			return;
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->bytes += length;
	counts->packets += 1;
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	count(XDP_PASS, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
