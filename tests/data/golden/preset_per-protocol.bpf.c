// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_protocols counts packets and bytes by ip_proto in the per-CPU array map protocols and
 * passes every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 257);
	__type(key, ip_proto_t);
	__type(value, struct counts);
} protocols SEC(".maps");

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count(ip_proto_t key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&protocols, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

SEC("xdp")
int xdp_protocols(struct xdp_md *ctx)
{
	struct packet packet = parse(ctx);

	count(packet.ip_proto, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
