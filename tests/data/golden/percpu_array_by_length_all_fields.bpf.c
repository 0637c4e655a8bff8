// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets, bytes, first_seen, last_seen, min_length and max_length by length
 * in the per-CPU array map pkt_cnt and passes every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* What the keys mean is in the names of their types: `xdpctl dump` reads them. */
typedef __u32 log2_t;	/* n stands for 2^n to 2^(n+1) - 1 bytes */

/* How the values of all CPUs become one is in the names of their types. */
typedef __u64 time_first_t;
typedef __u64 time_last_t;
typedef __u64 length_min_t;
typedef __u64 length_max_t;

struct counts {
	__u64 packets;
	__u64 bytes;
	time_first_t first_seen;
	time_last_t last_seen;
	length_min_t min_length;
	length_max_t max_length;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 32);
	__type(key, log2_t);
	__type(value, struct counts);
} pkt_cnt SEC(".maps");

/* The largest power of two in a length: 6 for 64 to 127. */
static __always_inline log2_t log2_of(__u64 length)
{
	log2_t log2 = 0;

	for (int half = 16; half; half /= 2) {
		if (length >> half) {
			length >>= half;
			log2 += half;
		}
	}
	return log2;
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count(log2_t key, __u64 length, __u64 now)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
	if (!counts->first_seen)
		counts->first_seen = now;
	counts->last_seen = now;
	if (!counts->min_length || length < counts->min_length)
		counts->min_length = length;
	if (length > counts->max_length)
		counts->max_length = length;
}

SEC("xdp.frags")
int xdp_allow(struct xdp_md *ctx)
{
	__u64 length = bpf_xdp_get_buff_len(ctx);
	__u64 now = bpf_ktime_get_ns();

	count(log2_of(length), length, now);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
