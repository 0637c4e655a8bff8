// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets by verdict in the hash map pkt_cnt and drops every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* A verdict as a map key. The kernel wants plain integers as keys of arrays,
 * so this isn't `enum xdp_action`; its name tells readers what it means. */
typedef __u32 xdp_action_t;

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 5);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED);
	__type(key, xdp_action_t);
	__type(value, __u64);
} pkt_cnt SEC(".maps");

/* What found no place in pkt_cnt. */
__u64 pkt_cnt_lost;

/* Counts one packet under this key. */
static __always_inline void count(xdp_action_t key)
{
	__u64 *packets = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!packets) {
		/* The first packet brings the element, with its own counts. */
		__u64 first = 1;

		if (bpf_map_update_elem(&pkt_cnt, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		packets = bpf_map_lookup_elem(&pkt_cnt, &key);
		if (!packets) {
			/* No: the map is full. */
			__sync_fetch_and_add(&pkt_cnt_lost, 1);
			return;
		}
	}

	/* All CPUs write here: only atomic additions lose nothing. */
	__sync_fetch_and_add(packets, 1);
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	(void)ctx; /* packets are counted without a look at them */

	count(XDP_DROP);
	return XDP_DROP;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
