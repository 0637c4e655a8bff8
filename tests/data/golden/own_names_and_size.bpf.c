// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* fifteen_letters counts packets and bytes in the per-CPU array map fifteen_in_maps and passes
 * every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct counts);
} fifteen_in_maps SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count(__u32 key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&fifteen_in_maps, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

SEC("xdp")
int fifteen_letters(struct xdp_md *ctx)
{
	count(0, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
