// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* What a packet says, taken apart by parse(): Ethernet, VLAN tags, IPv4 and IPv6, ports. Of struct
 * packet, a program uses what it counts by; the compiler leaves out the work for all the rest. */

#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* What they mean as keys of maps is in the names of these types: `xdpctl dump` reads them. */
typedef __u32 ethertype_t;	/* what an Ethernet frame carries */
typedef __u32 vlan_t;		/* a VLAN's id */
typedef __u32 ip_proto_t;	/* what an IP packet carries */
typedef __u32 dscp_t;		/* a class of service */
typedef __u32 ttl_t;		/* time to live, or hop limit */
typedef __u32 port_t;		/* a port, in host order */
typedef __u32 tcp_flags_t;	/* FIN is 1, SYN is 2, and so on */

/* For packets that lack it: what no packet can have. */
enum {
	NO_ETHERTYPE = 0,
	NO_VLAN = 4096,
	NO_IP_PROTO = 256,
	NO_DSCP = 64,
	NO_TTL = 256,
	NO_PORT = 65536,
	NO_TCP_FLAGS = 256,
};

/* What couldn't be seen of a packet, though it may be there: it was cut, or is a later fragment, or
 * has more headers than are followed. What comes after that couldn't be seen either. */
enum {
	UNSEEN_TCP_FLAGS = 1,
	UNSEEN_PORTS = 2,
	UNSEEN_IP_PROTO = 4,
	UNSEEN_IP = 8,
	UNSEEN_ETHERTYPE = 16,
	UNSEEN_VLAN = 32,
};
#define UNSEEN_FROM(what) (2 * (what) - 1)

/* Filled up to a multiple of four bytes, so that a key made of several parts has no holes. */
struct mac_addr {
	__u8 octets[6];
	__u16 zero;
};

/* An address of either version of IP; an IPv4 address fills the first four bytes. */
struct ip_addr {
	__u32 version;	/* 4 or 6; 0 is none */
	struct in6_addr addr;
};

struct flow_kind {
	__u16 ip_proto;
	__u8 ip_version;	/* 4 or 6; 0 is none */
	__u8 has_ports;
};

/* Who talks to whom; all zeros but the protocol where there is no IP. */
struct flow {
	__be32 src_ip;
	__be32 dst_ip;
	__be16 src_port;
	__be16 dst_port;
	struct flow_kind kind;
};

/* The same for IPv6, in maps of its own: a longer key takes longer to look up. */
struct flow6 {
	struct in6_addr src_ip;
	struct in6_addr dst_ip;
	__be16 src_port;
	__be16 dst_port;
	struct flow_kind kind;
};

/* What there is to know of a packet. */
struct packet {
	struct mac_addr dst_mac;
	struct mac_addr src_mac;
	vlan_t vlan;
	ethertype_t ethertype;
	struct ip_addr src_ip;
	struct ip_addr dst_ip;
	dscp_t dscp;
	ttl_t ttl;
	ip_proto_t ip_proto;
	port_t src_port;
	port_t dst_port;
	tcp_flags_t tcp_flags;
	__u32 unseen;
};

static __always_inline int is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* Where the VLAN tags end, and below it the type of what follows; 0 if a tag is cut off.
 * Global, so that the verifier looks at it once and not wherever it is called; pure, so that clang
 * leaves out calls that are of no use. */
__noinline __attribute__((pure)) __u32 skip_tags(struct xdp_md *ctx)
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

/* What a length field of IP says. Packets of more than 65535 bytes, which the kernel makes of those
 * of a connection, have a 0 there: they go on to the end of the frame. */
static __always_inline long length_of(__be16 field)
{
	return (__u16)(bpf_ntohs(field) - 1) + 1;
}

/* What follows IP: within the frame, and within what is left of the bytes of IP, which is nothing
 * in a later fragment. */
static __always_inline void parse_upper(__u8 ip_proto, const void *header, const void *end,
					long left, struct packet *packet)
{
	const __be16 *ports = header; /* source and destination */
	const __u8 *tcp = header;
	__u32 unseen = ip_proto == IPPROTO_TCP ? UNSEEN_TCP_FLAGS : 0;
	__u8 flags;

	packet->unseen = 0;

	if (ip_proto != IPPROTO_TCP && ip_proto != IPPROTO_UDP && ip_proto != IPPROTO_SCTP &&
	    ip_proto != IPPROTO_DCCP && ip_proto != IPPROTO_UDPLITE)
		return;
	packet->unseen = UNSEEN_PORTS | unseen;
	if ((void *)(ports + 2) > end || left < 4)
		return;
	packet->src_port = bpf_ntohs(ports[0]);
	packet->dst_port = bpf_ntohs(ports[1]);

	packet->unseen = unseen;
	if ((void *)(tcp + 14) > end || left < 14)
		return;
	flags = tcp[13];
	/* No branch: programs that don't ask for flags would keep it, with all that leads to it. */
	packet->tcp_flags = ip_proto == IPPROTO_TCP ? flags : NO_TCP_FLAGS;
	packet->unseen = 0;
}

static __always_inline void parse_ipv4(const struct iphdr *ip, const void *end,
				       struct packet *packet)
{
	long left;

	packet->unseen = UNSEEN_FROM(UNSEEN_IP);
	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return;
	packet->src_ip.version = 4;
	packet->src_ip.addr.s6_addr32[0] = ip->saddr;
	packet->dst_ip.version = 4;
	packet->dst_ip.addr.s6_addr32[0] = ip->daddr;
	packet->dscp = ip->tos >> 2;
	packet->ttl = ip->ttl;
	packet->ip_proto = ip->protocol;

	/* Of a packet in fragments, only the first has the header that follows. */
	left = ip->frag_off & bpf_htons(0x1fff) ? 0 : length_of(ip->tot_len) - ip->ihl * 4;
	parse_upper(ip->protocol, (void *)ip + ip->ihl * 4, end, left, packet);
}

/* Headers that IPv6 may put before that of the protocol. A switch, since clang 19 keeps comparisons
 * joined by || even where nothing comes of them. */
static __always_inline int is_extension(__u8 type)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
		return 1;
	default:
		return 0;
	}
}

/* Where the extension headers end, 0 if what follows isn't in this packet; below it the protocol.
 * Global and pure as well: this is the longest way through the program. */
__noinline __attribute__((pure)) __u32 skip_extensions(struct xdp_md *ctx, __u32 offset)
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
	left = length_of(ip->payload_len);
	type = ip->nexthdr;
	/* Or clang would write the loop out, six times as long. */
#pragma clang loop unroll(disable)
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

static __always_inline void parse_ipv6(struct xdp_md *ctx, __u32 offset, struct packet *packet)
{
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ipv6hdr *ip = start + offset;
	const void *header;
	__u32 found;
	long left = 0;

	packet->unseen = UNSEEN_FROM(UNSEEN_IP);
	if ((void *)(ip + 1) > end || ip->version != 6)
		return;
	packet->src_ip.version = 6;
	packet->src_ip.addr = ip->saddr;
	packet->dst_ip.version = 6;
	packet->dst_ip.addr = ip->daddr;
	packet->dscp = ip->priority << 2 | ip->flow_lbl[0] >> 6;
	packet->ttl = ip->hop_limit;

	found = (offset + sizeof(*ip)) << 16 | ip->nexthdr;
	if (is_extension(ip->nexthdr))
		found = skip_extensions(ctx, offset);
	packet->ip_proto = found & 0xffff;
	packet->unseen = UNSEEN_FROM(UNSEEN_IP_PROTO);
	if (packet->ip_proto == NO_IP_PROTO)
		return;
	header = start + (found >> 16 & MAX_OFFSET);
	if (found >> 16)
		left = length_of(ip->payload_len) - ((found >> 16) - offset - sizeof(*ip));
	parse_upper(found, header, end, left, packet);
}

static __always_inline void parse_ethernet(const struct ethhdr *eth, struct packet *packet)
{
	__builtin_memcpy(packet->dst_mac.octets, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(packet->src_mac.octets, eth->h_source, ETH_ALEN);
}

/* Looks through what follows the MAC addresses, whatever it is. */
static __always_inline void parse_rest(struct xdp_md *ctx, __be16 type, struct packet *packet)
{
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const __be16 *tag = start + ETH_HLEN;
	__u32 offset = ETH_HLEN, found;

	if (is_tag(type)) {
		if ((void *)(tag + 2) > end)
			return;
		packet->vlan = bpf_ntohs(tag[0]) & 0xfff;
		packet->unseen = UNSEEN_FROM(UNSEEN_ETHERTYPE);
		found = skip_tags(ctx);
		if (!found)
			return;
		type = bpf_htons(found);
		offset = found >> 16 & MAX_OFFSET;
	}
	/* More tags than are followed hide the type. With is_tag() clang 19 would keep the comparison, and
	 * what leads to it, in programs that ask for nothing of that. */
	switch (type) {
	case bpf_htons(ETH_P_8021Q):
	case bpf_htons(ETH_P_8021AD):
		break;
	default:
		packet->unseen = 0;
	}

	/* Below are lengths of frames that tell their type elsewhere. */
	if (bpf_ntohs(type) >= ETH_P_802_3_MIN)
		packet->ethertype = bpf_ntohs(type);

	if (type == bpf_htons(ETH_P_IP))
		parse_ipv4(start + offset, end, packet);
	else if (type == bpf_htons(ETH_P_IPV6))
		parse_ipv6(ctx, offset, packet);
}

/* Looks through a packet; what it lacks is none. */
static __always_inline struct packet parse(struct xdp_md *ctx)
{
	struct packet packet = {};
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *end = (void *)(long)ctx->data_end;
	const struct iphdr *ip = (void *)(eth + 1);

	/* Not in the initializer: clang 14 copies large ones, and may then lose what was zero. */
	packet.vlan = NO_VLAN;
	packet.ethertype = NO_ETHERTYPE;
	packet.dscp = NO_DSCP;
	packet.ttl = NO_TTL;
	packet.ip_proto = NO_IP_PROTO;
	packet.src_port = NO_PORT;
	packet.dst_port = NO_PORT;
	packet.tcp_flags = NO_TCP_FLAGS;
	packet.unseen = UNSEEN_FROM(UNSEEN_VLAN);

	/* Most packets are plain IPv4: one check of the length, and no offsets that vary. */
	if ((void *)(ip + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP)) {
		parse_ethernet(eth, &packet);
		packet.ethertype = ETH_P_IP;
		parse_ipv4(ip, end, &packet);
	} else if ((void *)(eth + 1) <= end) {
		parse_ethernet(eth, &packet);
		parse_rest(ctx, eth->h_proto, &packet);
	}
	return packet;
}

static __always_inline struct flow_kind flow_kind_of(const struct packet *packet)
{
	return (struct flow_kind){
		.ip_proto = packet->ip_proto,
		.ip_version = packet->src_ip.version,
		.has_ports = packet->src_port != NO_PORT,
	};
}

/* NO_PORT becomes 0. */
static __always_inline struct flow flow_of(const struct packet *packet)
{
	return (struct flow){
		.src_ip = packet->src_ip.addr.s6_addr32[0],
		.dst_ip = packet->dst_ip.addr.s6_addr32[0],
		.src_port = bpf_htons(packet->src_port),
		.dst_port = bpf_htons(packet->dst_port),
		.kind = flow_kind_of(packet),
	};
}

static __always_inline struct flow6 flow6_of(const struct packet *packet)
{
	return (struct flow6){
		.src_ip = packet->src_ip.addr,
		.dst_ip = packet->dst_ip.addr,
		.src_port = bpf_htons(packet->src_port),
		.dst_port = bpf_htons(packet->dst_port),
		.kind = flow_kind_of(packet),
	};
}
