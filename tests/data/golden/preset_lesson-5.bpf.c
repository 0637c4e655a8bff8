// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_config counts packets and bytes by verdict in the per-CPU array map actions.
 * The map config decides what happens to a packet; any other passes. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

/* A verdict as a map key. The kernel wants plain integers as keys of arrays,
 * so this isn't `enum xdp_action`; its name tells readers what it means. */
typedef __u32 xdp_action_t;

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 5);
	__type(key, xdp_action_t);
	__type(value, struct counts);
} actions SEC(".maps");

/* Verdicts by ip_proto, which user space writes while the program runs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, ip_proto_t);
	__type(value, xdp_action_t);
} config SEC(".maps");

/* The verdict on a packet. */
static __always_inline xdp_action_t decide(const struct packet *packet)
{
	ip_proto_t key = packet->ip_proto;
	xdp_action_t *found, verdict;

	found = bpf_map_lookup_elem(&config, &key);
	if (found) {
		verdict = *found;
		if (verdict <= XDP_TX)
			return verdict;
	}
	/* The map doesn't speak of it, or says what can't be done here. */
	return XDP_PASS;
}

/* For the verdict tx, which sends the packet back to where it came from. */
static __always_inline void swap_macs(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	__u8 sender[ETH_ALEN];

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return;
	__builtin_memcpy(sender, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, sender, ETH_ALEN);
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count(xdp_action_t key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&actions, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

/* When the next message may be printed, in nanoseconds since boot. */
static __u64 next_message;

SEC("xdp")
int xdp_config(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct packet packet = parse(ctx);
	xdp_action_t verdict = decide(&packet);

	if (now >= next_message) {
		next_message = now + 1000000000;
		bpf_printk("packet seen");
	}
	if (verdict == XDP_TX)
		swap_macs(ctx);
	count(verdict, ctx->data_end - ctx->data);
	return verdict;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
