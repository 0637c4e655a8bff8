// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_drop_list counts packets and bytes by verdict in the per-CPU array map actions; packets,
 * bytes and last_seen by verdict and src_ip in the LRU per-CPU hash map sources.
 * The map drop_list decides what happens to a packet; any other passes. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* A verdict as a map key. The kernel wants plain integers as keys of arrays,
 * so this isn't `enum xdp_action`; its name tells readers what it means. */
typedef __u32 xdp_action_t;

/* How the values of all CPUs become one is in the names of their types. */
typedef __u64 time_last_t;

/* An address of either version of IP; an IPv4 address fills the first four bytes. */
struct ip_addr {
	__u32 version;	/* 4 or 6; 0 is none */
	struct in6_addr addr;
};

/* The key of a trie: of version and address, the first so many bits count.
 * 10.0.0.0/8 has a prefixlen of 40: the 32 bits of version 4, then 8. */
struct ip_prefix {
	__u32 prefixlen;
	struct ip_addr ip;
};

/* What the program looks at in a packet. */
struct packet {
	struct ip_addr src_ip;
};

struct actions_counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 5);
	__type(key, xdp_action_t);
	__type(value, struct actions_counts);
} actions SEC(".maps");

struct sources_all_counts {
	__u64 packets;
	__u64 bytes;
};

/* All packets: sources forgets some when it needs room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sources_all_counts);
} sources_all SEC(".maps");

struct sources_key {
	xdp_action_t verdict;
	struct ip_addr src_ip;
};

struct sources_counts {
	__u64 packets;
	__u64 bytes;
	time_last_t last_seen;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sources_key);
	__type(value, struct sources_counts);
} sources SEC(".maps");

/* Verdicts, which user space writes while the program runs; of all prefixes
 * of src_ip, the longest decides. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ip_prefix);
	__type(value, xdp_action_t);
} drop_list SEC(".maps");

/* Looks through the packet, below; what the packet lacks stays none. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *packet);

/* The verdict on a packet. */
static __always_inline xdp_action_t decide(const volatile struct packet *packet)
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

/* Sends the packet back to where it came from. */
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
static __always_inline void count_actions(xdp_action_t key, __u64 length)
{
	struct actions_counts *counts = bpf_map_lookup_elem(&actions, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_sources_all(__u32 key, __u64 length)
{
	struct sources_all_counts *counts = bpf_map_lookup_elem(&sources_all, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_sources(const struct packet *packet, xdp_action_t verdict,
					__u64 length, __u64 now)
{
	struct sources_key key = { .verdict = verdict, .src_ip = packet->src_ip };
	struct sources_counts *counts = bpf_map_lookup_elem(&sources, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct sources_counts first = { .packets = 1, .bytes = length, .last_seen = now };

		if (bpf_map_update_elem(&sources, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&sources, &key);
		if (!counts)
			return;
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
	counts->last_seen = now;
}

SEC("xdp")
int xdp_drop_list(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;
	__u64 now = bpf_ktime_get_ns();
	struct packet packet = {};
	xdp_action_t verdict;

	parse(ctx, &packet);
	verdict = decide(&packet);
	if (verdict == XDP_TX)
		swap_macs(ctx);
	count_actions(verdict, length);
	count_sources_all(0, length);
	count_sources(&packet, verdict, length, now);
	return verdict;
}

static __always_inline int is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* Where the VLAN tags end, and below it the type of what follows; 0 if a tag is cut off.
 * This function is global, so that the verifier looks at it once and not wherever it is called. */
__noinline __u32 skip_tags(struct xdp_md *ctx)
{
	const __be16 *tag = (void *)(long)ctx->data + ETH_HLEN; /* id and priority, next type */
	const void *end = (void *)(long)ctx->data_end;
	__be16 type = bpf_htons(ETH_P_8021Q);
	__u32 offset = ETH_HLEN;

	for (int tags = 0; tags < 4 && is_tag(type); tags++) {
		if ((void *)(tag + 2) > end)
			return 0;
		type = tag[1];
		tag += 2;
		offset += 4;
	}
	return offset << 16 | bpf_ntohs(type);
}

/* No header begins farther behind: this the verifier wants to hear. */
#define MAX_OFFSET 0x3fff

static __always_inline void parse_ipv4(const struct iphdr *ip, const void *end,
				       struct packet *packet)
{
	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return;
	packet->src_ip.version = 4;
	packet->src_ip.addr.s6_addr32[0] = ip->saddr;
}

static __always_inline void parse_ipv6(const struct ipv6hdr *ip, const void *end,
				       struct packet *packet)
{
	if ((void *)(ip + 1) > end || ip->version != 6)
		return;
	packet->src_ip.version = 6;
	packet->src_ip.addr = ip->saddr;
}

/* Looks through what follows the MAC addresses, whatever it is. */
static __always_inline void parse_rest(struct xdp_md *ctx, __be16 type, struct packet *packet)
{
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 offset = ETH_HLEN, found;

	if (is_tag(type)) {
		found = skip_tags(ctx);
		if (!found)
			return;
		type = bpf_htons(found);
		offset = found >> 16 & MAX_OFFSET;
	}

	if (type == bpf_htons(ETH_P_IP))
		parse_ipv4(start + offset, end, packet);
	else if (type == bpf_htons(ETH_P_IPV6))
		parse_ipv6(start + offset, end, packet);
}

static __always_inline void parse(struct xdp_md *ctx, struct packet *packet)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *end = (void *)(long)ctx->data_end;
	const struct iphdr *ip = (void *)(eth + 1);

	/* Most packets are plain IPv4: one check of the length, and no offsets that vary. */
	if ((void *)(ip + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP)) {
		parse_ipv4(ip, end, packet);
		return;
	}
	if ((void *)(eth + 1) > end)
		return;
	parse_rest(ctx, eth->h_proto, packet);
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
