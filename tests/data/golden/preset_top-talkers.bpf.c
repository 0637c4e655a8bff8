// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_talkers counts packets, bytes, first_seen and last_seen by src_ip in the LRU per-CPU
 * hash map talkers and passes every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

/* How the values of all CPUs become one is in the names of their types. */
typedef __u64 time_first_t;
typedef __u64 time_last_t;

struct talkers_all_counts {
	__u64 packets;
	__u64 bytes;
};

/* All packets: talkers forgets some when it needs room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct talkers_all_counts);
} talkers_all SEC(".maps");

struct talkers_counts {
	__u64 packets;
	__u64 bytes;
	time_first_t first_seen;
	time_last_t last_seen;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ip_addr);
	__type(value, struct talkers_counts);
} talkers SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_talkers_all(__u32 key, __u64 length)
{
	struct talkers_all_counts *counts = bpf_map_lookup_elem(&talkers_all, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_talkers(struct ip_addr key, __u64 length, __u64 now)
{
	struct talkers_counts *counts = bpf_map_lookup_elem(&talkers, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct talkers_counts first = {
			.packets = 1,
			.bytes = length,
			.first_seen = now,
			.last_seen = now,
		};

		if (bpf_map_update_elem(&talkers, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&talkers, &key);
		if (!counts)
			return;
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
	if (!counts->first_seen)
		counts->first_seen = now;
	counts->last_seen = now;
}

SEC("xdp")
int xdp_talkers(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;
	__u64 now = bpf_ktime_get_ns();
	struct packet packet = parse(ctx);

	count_talkers_all(0, length);
	count_talkers(packet.src_ip, length, now);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
