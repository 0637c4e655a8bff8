// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_drop_list counts packets and bytes by verdict in the per-CPU array map actions.
 * The map drop_list decides what happens to a packet; any other passes. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

/* A verdict as a map key. The kernel wants plain integers as keys of arrays,
 * so this isn't `enum xdp_action`; its name tells readers what it means. */
typedef __u32 xdp_action_t;

/* The key of a trie: of version and address, the first so many bits count.
 * 10.0.0.0/8 has a prefixlen of 40: the 32 bits of version 4, then 8. */
struct ip_prefix {
	__u32 prefixlen;
	struct ip_addr ip;
};

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

/* Verdicts, which user space writes while the program runs; of all prefixes
 * of src_ip, the longest decides. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ip_prefix);
	__type(value, xdp_action_t);
} drop_list SEC(".maps");

/* The verdict on a packet. */
static __always_inline xdp_action_t decide(const struct packet *packet)
{
	struct ip_prefix key = { .prefixlen = 160, .ip = packet->src_ip };
	xdp_action_t *found, verdict;

	found = bpf_map_lookup_elem(&drop_list, &key);
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

SEC("xdp")
int xdp_drop_list(struct xdp_md *ctx)
{
	struct packet packet = parse(ctx);
	xdp_action_t verdict = decide(&packet);

	if (verdict == XDP_TX)
		swap_macs(ctx);
	count(verdict, ctx->data_end - ctx->data);
	return verdict;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
