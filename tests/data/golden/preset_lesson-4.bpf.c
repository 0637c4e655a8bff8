// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_map_parts counts packets and bytes by ip_proto in the hash map protocols and passes
 * every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, ip_proto_t);
	__type(value, struct counts);
} protocols SEC(".maps");

/* What found no place in protocols. */
__u64 protocols_lost;
__u64 protocols_lost_bytes;

/* Counts one packet under this key. */
static __always_inline void count(ip_proto_t key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&protocols, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&protocols, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&protocols, &key);
		if (!counts) {
			/* No: the map is full. */
			__sync_fetch_and_add(&protocols_lost, 1);
			__sync_fetch_and_add(&protocols_lost_bytes, length);
			return;
		}
	}

	/* All CPUs write here: only atomic additions lose nothing. */
	__sync_fetch_and_add(&counts->packets, 1);
	__sync_fetch_and_add(&counts->bytes, length);
}

SEC("xdp")
int xdp_map_parts(struct xdp_md *ctx)
{
	struct packet packet = parse(ctx);

	count(packet.ip_proto, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
