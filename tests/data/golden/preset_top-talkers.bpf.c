// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_talkers counts packets, bytes, first_seen and last_seen by src_ip in the LRU per-CPU
 * hash map talkers
 * and passes every packet. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* How the values of all CPUs become one is in the names of their types. */
typedef __u64 time_first_t;
typedef __u64 time_last_t;

/* An address of either version of IP; an IPv4 address fills the first four bytes. */
struct ip_addr {
	__u32 version;	/* 4 or 6; 0 is none */
	struct in6_addr addr;
};

/* What the program looks at in a packet. */
struct packet {
	struct ip_addr src_ip;
};

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

/* Looks through the packet, below; what the packet lacks stays none. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *packet);

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
static __always_inline void count_talkers(const struct ip_addr *key, __u64 length, __u64 now)
{
	struct talkers_counts *counts = bpf_map_lookup_elem(&talkers, key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct talkers_counts first = {
			.packets = 1,
			.bytes = length,
			.first_seen = now,
			.last_seen = now,
		};

		if (bpf_map_update_elem(&talkers, key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&talkers, key);
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
	struct packet packet = {};

	parse(ctx, &packet);
	count_talkers_all(0, length);
	count_talkers(&packet.src_ip, length, now);
	return XDP_PASS;
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
