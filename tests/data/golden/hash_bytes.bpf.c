// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts bytes in the hash map pkt_cnt and passes every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pkt_cnt SEC(".maps");

/* Counts one packet under this key. */
static __always_inline void count(__u32 key, __u64 length)
{
	__u64 *bytes = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!bytes) {
		/* The first packet brings the element, with its own counts. */
		__u64 first = length;

		if (bpf_map_update_elem(&pkt_cnt, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		bytes = bpf_map_lookup_elem(&pkt_cnt, &key);
		if (!bytes)
			return;
	}

	/* All CPUs write here: only atomic additions lose nothing. */
	__sync_fetch_and_add(bytes, length);
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	count(0, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
