// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_scan_watch counts packets, first_seen and last_seen by src_ip, tcp_flags and dst_port in
 * the LRU per-CPU hash map knocks and passes every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

/* How the values of all CPUs become one is in the names of their types. */
typedef __u64 time_first_t;
typedef __u64 time_last_t;

struct knocks_all_counts {
	__u64 packets;
};

/* All packets: knocks forgets some when it needs room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct knocks_all_counts);
} knocks_all SEC(".maps");

struct knocks_key {
	struct ip_addr src_ip;
	tcp_flags_t tcp_flags;
	port_t dst_port;
};

struct knocks_counts {
	__u64 packets;
	time_first_t first_seen;
	time_last_t last_seen;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct knocks_key);
	__type(value, struct knocks_counts);
} knocks SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_knocks_all(__u32 key)
{
	struct knocks_all_counts *counts = bpf_map_lookup_elem(&knocks_all, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_knocks(const struct packet *packet, __u64 now)
{
	struct knocks_key key = {
		.src_ip = packet->src_ip,
		.tcp_flags = packet->tcp_flags,
		.dst_port = packet->dst_port,
	};
	struct knocks_counts *counts = bpf_map_lookup_elem(&knocks, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct knocks_counts first = { .packets = 1, .first_seen = now, .last_seen = now };

		if (bpf_map_update_elem(&knocks, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&knocks, &key);
		if (!counts)
			return;
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	if (!counts->first_seen)
		counts->first_seen = now;
	counts->last_seen = now;
}

SEC("xdp")
int xdp_scan_watch(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct packet packet = parse(ctx);

	count_knocks_all(0);
	count_knocks(&packet, now);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
