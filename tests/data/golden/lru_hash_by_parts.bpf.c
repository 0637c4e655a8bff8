// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets and bytes by vlan, src_mac and ethertype in the LRU hash map
 * pkt_cnt and passes every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* All packets: pkt_cnt forgets some when it needs room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} pkt_cnt_all SEC(".maps");

struct pkt_cnt_key {
	vlan_t vlan;
	struct mac_addr src_mac;
	ethertype_t ethertype;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct pkt_cnt_key);
	__type(value, struct counts);
} pkt_cnt SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_pkt_cnt_all(__u32 key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt_all, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

/* Counts one packet under this key. */
static __always_inline void count_pkt_cnt(const struct packet *packet, __u64 length)
{
	struct pkt_cnt_key key = {
		.vlan = packet->vlan,
		.src_mac = packet->src_mac,
		.ethertype = packet->ethertype,
	};
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&pkt_cnt, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&pkt_cnt, &key);
		if (!counts)
			return;
	}

	/* All CPUs write here: only atomic additions lose nothing. */
	__sync_fetch_and_add(&counts->packets, 1);
	__sync_fetch_and_add(&counts->bytes, length);
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;
	struct packet packet = parse(ctx);

	count_pkt_cnt_all(0, length);
	count_pkt_cnt(&packet, length);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
