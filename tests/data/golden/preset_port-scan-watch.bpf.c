// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_scan_watch counts packets, first_seen and last_seen by src_ip, tcp_flags and dst_port in
 * the LRU per-CPU hash map knocks
 * and passes every packet. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* What the keys mean is in the names of their types: `xdpctl dump` reads them. */
typedef __u32 port_t;	/* a port, in host order */
typedef __u32 tcp_flags_t;	/* FIN is 1, SYN is 2, and so on */

/* For packets that lack it: what no packet can have. */
enum {
	NO_PORT = 65536,
	NO_TCP_FLAGS = 256,
	NO_IP_PROTO = 256,
};

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
	port_t dst_port;
	tcp_flags_t tcp_flags;
};

struct knocks_all_counts {
	__u64 packets;
};

/* All packets: knocks forgets some when it needs room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct knocks_all_counts);
} knocks_all SEC(".maps");

struct knocks_key {
	struct ip_addr src_ip;
	tcp_flags_t tcp_flags;
	port_t dst_port;
};

struct knocks_counts {
	__u64 packets;
	time_first_t first_seen;
	time_last_t last_seen;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct knocks_key);
	__type(value, struct knocks_counts);
} knocks SEC(".maps");

/* Looks through the packet, below; what the packet lacks stays none. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *packet);

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_knocks_all(__u32 key)
{
	struct knocks_all_counts *counts = bpf_map_lookup_elem(&knocks_all, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
}

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_knocks(const struct packet *packet, __u64 now)
{
	struct knocks_key key = {
		.src_ip = packet->src_ip,
		.tcp_flags = packet->tcp_flags,
		.dst_port = packet->dst_port,
	};
	struct knocks_counts *counts = bpf_map_lookup_elem(&knocks, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct knocks_counts first = { .packets = 1, .first_seen = now, .last_seen = now };

		if (bpf_map_update_elem(&knocks, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&knocks, &key);
		if (!counts)
			return;
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	if (!counts->first_seen)
		counts->first_seen = now;
	counts->last_seen = now;
}

SEC("xdp")
int xdp_scan_watch(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct packet packet = { .dst_port = NO_PORT, .tcp_flags = NO_TCP_FLAGS };

	parse(ctx, &packet);
	count_knocks_all(0);
	count_knocks(&packet, now);
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

/* What follows IP: within the frame, and within what is left of the bytes of IP. */
static __always_inline void
parse_upper(__u8 ip_proto, const void *header, const void *end, long left,
	    struct packet *packet)
{
	const __be16 *ports = header; /* source and destination */
	const __u8 *tcp = header;

	if (ip_proto != IPPROTO_TCP && ip_proto != IPPROTO_UDP && ip_proto != IPPROTO_SCTP &&
	    ip_proto != IPPROTO_DCCP && ip_proto != IPPROTO_UDPLITE)
		return;
	if ((void *)(ports + 2) > end || left < 4)
		return;
	packet->dst_port = bpf_ntohs(ports[1]);

	if (ip_proto == IPPROTO_TCP && (void *)(tcp + 14) <= end && left >= 14)
		packet->tcp_flags = tcp[13];
}

static __always_inline void parse_ipv4(const struct iphdr *ip, const void *end,
				       struct packet *packet)
{
	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return;
	packet->src_ip.version = 4;
	packet->src_ip.addr.s6_addr32[0] = ip->saddr;

	/* Of a packet in fragments, only the first has the header that follows. */
	if ((ip->frag_off & bpf_htons(0x1fff)) == 0)
		parse_upper(ip->protocol, (void *)ip + ip->ihl * 4, end,
			    bpf_ntohs(ip->tot_len) - ip->ihl * 4, packet);
}

/* Headers that IPv6 may put before that of the protocol. */
static __always_inline int is_extension(__u8 type)
{
	return type == IPPROTO_HOPOPTS || type == IPPROTO_ROUTING || type == IPPROTO_FRAGMENT ||
	       type == IPPROTO_AH || type == IPPROTO_DSTOPTS || type == IPPROTO_MH;
}

/* Where the extension headers end, 0 if what follows isn't in this packet; below it the protocol.
 * Global as well: this is the longest way through the program. */
__noinline __u32 skip_extensions(struct xdp_md *ctx, __u32 offset)
{
	const void *start = (void *)(long)ctx->data;
	const void *end = (void *)(long)ctx->data_end;
	const struct ipv6hdr *ip = start + (offset & MAX_OFFSET);
	const __u8 *header = (void *)(ip + 1); /* the type of what follows, a length, content */
	__u32 size;
	__u8 type;
	long left;

	if ((void *)header > end)
		return NO_IP_PROTO;
	left = bpf_ntohs(ip->payload_len);
	type = ip->nexthdr;
	for (int i = 0; i < 6 && is_extension(type); i++) {
		if ((void *)header + 8 > end || left < 8)
			return NO_IP_PROTO;
		/* Of a packet in fragments, only the first has the headers that follow. */
		if (type == IPPROTO_FRAGMENT && (header[2] || header[3] >= 8))
			return is_extension(header[0]) ? NO_IP_PROTO : header[0];
		if (type == IPPROTO_FRAGMENT)
			size = 8;
		else if (type == IPPROTO_AH)
			size = (header[1] + 2) * 4;
		else
			size = (header[1] + 1) * 8;
		type = header[0];
		header += size;
		left -= size;
	}
	if (is_extension(type))
		return NO_IP_PROTO;
	return ((void *)header - start) << 16 | type;
}

static __always_inline void parse_ipv6(const struct ipv6hdr *ip, const void *end,
				       struct packet *packet, struct xdp_md *ctx,
				       __u32 offset)
{
	const void *header;
	long left;
	__u32 found;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return;
	packet->src_ip.version = 6;
	packet->src_ip.addr = ip->saddr;

	found = (offset + sizeof(*ip)) << 16 | ip->nexthdr;
	if (is_extension(ip->nexthdr))
		found = skip_extensions(ctx, offset);
	if (found >> 16) {
		header = (void *)(long)ctx->data + (found >> 16 & MAX_OFFSET);
		left = bpf_ntohs(ip->payload_len) - ((found >> 16) - offset - sizeof(*ip));
		parse_upper(found, header, end, left, packet);
	}
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
		parse_ipv6(start + offset, end, packet, ctx, offset);
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
