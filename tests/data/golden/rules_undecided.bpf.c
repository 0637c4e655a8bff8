// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets by verdict in the per-CPU array map pkt_cnt.
 * Its rules, then the map policy, decide what happens to a packet; any other passes. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include "xdp_packet.h"

/* A verdict as a map key. The kernel wants plain integers as keys of arrays,
 * so this isn't `enum xdp_action`; its name tells readers what it means. */
typedef __u32 xdp_action_t;

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 5);
	__type(key, xdp_action_t);
	__type(value, __u64);
} pkt_cnt SEC(".maps");

/* Verdicts by dst_port, which user space writes while the program runs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, port_t);
	__type(value, xdp_action_t);
} policy SEC(".maps");

/* Comparisons as numbers, 1 or 0, to be joined by & and |. Branches would be the usual way, but
 * the verifier has to follow each of them, and many rules have more ways than it has patience. */
static __always_inline __u64 is_zero(__u64 value)
{
	__u64 negative = -value;

	barrier_var(negative); /* or clang makes a branch of it after all */
	return (value | negative) >> 63 ^ 1;
}

static __always_inline __u64 unseen(__u64 bits)
{
	return is_zero(bits) ^ 1;
}

static __always_inline __u64 equal(__u64 value, __u64 other)
{
	return is_zero(value ^ other);
}

static __always_inline __u64 within(__u64 value, __u64 low, __u64 high)
{
	return is_zero(((value - low) | (high - value)) >> 63);
}

static __always_inline __u64 either(__u64 before, __u64 now)
{
	before |= now;
	barrier_var(before); /* or clang puts off the whole list, and the stack is too small */
	return before;
}

/* The verdict on a packet: the first rule that matches decides.
 * Where that can't be seen, it is XDP_DROP. What rules look at is volatile,
 * so that clang reads it anew for each; it would keep more at hand than the stack has room for. */
static __always_inline xdp_action_t decide(const volatile struct packet *packet, __u64 length)
{
	port_t key = packet->dst_port;
	xdp_action_t *found, verdict;
	__u64 any, matches;

	/* src_ip 10.0.0.0/8 or 2001:db8::/33, dst_port 1-1023 */
	matches = within(packet->dst_port, 1, 1023) | unseen(packet->unseen & UNSEEN_PORTS);
	any = equal(packet->src_ip.version, 4) &
	    equal(packet->src_ip.addr.s6_addr32[0] & bpf_htonl(0xff000000),
		    bpf_htonl(0xa000000));
	any = either(any, equal(packet->src_ip.version, 6) &
	    equal(packet->src_ip.addr.s6_addr32[0], bpf_htonl(0x20010db8)) &
	    equal(packet->src_ip.addr.s6_addr32[1] & bpf_htonl(0x80000000),
		    bpf_htonl(0x0)));
	any = either(any, unseen(packet->unseen & UNSEEN_IP));
	matches &= any;
	if (matches)
		return XDP_DROP;

	/* tcp_flags syn/syn|ack or 0, dscp none or ef */
	matches = 1;
	any = equal(packet->tcp_flags & 0x12, 0x2);
	any = either(any, equal(packet->tcp_flags, 0x0));
	any = either(any, unseen(packet->unseen & UNSEEN_TCP_FLAGS));
	matches &= any;
	any = equal(packet->dscp, NO_DSCP);
	any = either(any, equal(packet->dscp, 46));
	any = either(any, unseen(packet->unseen & UNSEEN_IP));
	matches &= any;
	if (matches)
		return packet->unseen & (UNSEEN_TCP_FLAGS | UNSEEN_IP) ? XDP_DROP : XDP_TX;

	/* dst_mac 02:00:00:00:00:00/17, length 0-63 */
	if (equal(packet->dst_mac.octets[0], 0x02) &
	    equal(packet->dst_mac.octets[1], 0x00) &
	    equal(packet->dst_mac.octets[2] & 0x80, 0x00) &
	    within(length, 0, 63))
		return XDP_ABORTED;

	if (packet->unseen & UNSEEN_PORTS)
		return XDP_DROP;
	found = bpf_map_lookup_elem(&policy, &key);
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
static __always_inline void count(xdp_action_t key)
{
	__u64 *packets = bpf_map_lookup_elem(&pkt_cnt, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!packets)
		return;

	/* No other CPU writes here: plain additions are safe. */
	*packets += 1;
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;
	struct packet packet = parse(ctx);
	xdp_action_t verdict = decide(&packet, length);

	if (verdict == XDP_TX)
		swap_macs(ctx);
	count(verdict);
	return verdict;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
