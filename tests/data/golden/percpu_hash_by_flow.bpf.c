// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets and bytes by flow in the per-CPU hash map pkt_cnt and passes every
 * packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, struct counts);
} pkt_cnt SEC(".maps");

/* What found no place in pkt_cnt. */
__u64 pkt_cnt_lost;
__u64 pkt_cnt_lost_bytes;

/* The same for flows over IPv6. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow6);
	__type(value, struct counts);
} pkt_cnt6 SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_pkt_cnt(struct flow key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&pkt_cnt, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&pkt_cnt, &key);
		if (!counts) {
			/* No: the map is full. */
			__sync_fetch_and_add(&pkt_cnt_lost, 1);
			__sync_fetch_and_add(&pkt_cnt_lost_bytes, length);
			return;
		}
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_pkt_cnt6(struct flow6 key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt6, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&pkt_cnt6, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&pkt_cnt6, &key);
		if (!counts) {
			/* No: the map is full. */
			__sync_fetch_and_add(&pkt_cnt_lost, 1);
			__sync_fetch_and_add(&pkt_cnt_lost_bytes, length);
			return;
		}
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;
	struct packet packet = parse(ctx);

	if (packet.src_ip.version == 6)
		count_pkt_cnt6(flow6_of(&packet), length);
	else
		count_pkt_cnt(flow_of(&packet), length);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
