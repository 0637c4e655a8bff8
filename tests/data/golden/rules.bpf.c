// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets by verdict in the per-CPU array map pkt_cnt.
 * Its rules decide what happens to a packet; any other passes. */

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

/* What the keys mean is in the names of their types: `xdpctl dump` reads them. */
typedef __u32 dscp_t;	/* a class of service */
typedef __u32 port_t;	/* a port, in host order */
typedef __u32 tcp_flags_t;	/* FIN is 1, SYN is 2, and so on */

/* For packets that lack it: what no packet can have. */
enum {
	NO_DSCP = 64,
	NO_PORT = 65536,
	NO_TCP_FLAGS = 256,
};

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

/* What the program looks at in a packet. */
struct packet {
	struct mac_addr dst_mac;
	struct ip_addr src_ip;
	dscp_t dscp;
	port_t dst_port;
	tcp_flags_t tcp_flags;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 5);
	__type(key, xdp_action_t);
	__type(value, __u64);
} pkt_cnt SEC(".maps");

/* What follows IP: within the frame, and within what IP calls its own. */
static __always_inline void parse_upper(__u8 ip_proto, const void *header, const void *end,
					const void *ip_end, struct packet *packet)
{
	const __be16 *ports = header; /* source and destination */
	const __u8 *tcp = header;

	if (ip_proto != IPPROTO_TCP && ip_proto != IPPROTO_UDP && ip_proto != IPPROTO_SCTP &&
	    ip_proto != IPPROTO_DCCP && ip_proto != IPPROTO_UDPLITE)
		return;
	if ((void *)(ports + 2) > end || (void *)(ports + 2) > ip_end)
		return;
	packet->dst_port = bpf_ntohs(ports[1]);

	if (ip_proto == IPPROTO_TCP && (void *)(tcp + 14) <= end && (void *)(tcp + 14) <= ip_end)
		packet->tcp_flags = tcp[13];
}

static __always_inline void parse_ipv4(const struct iphdr *ip, const void *end,
				       struct packet *packet)
{
	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return;
	packet->src_ip.version = 4;
	packet->src_ip.addr.s6_addr32[0] = ip->saddr;
	packet->dscp = ip->tos >> 2;

	/* Of a packet in fragments, only the first has the header that follows. */
	if ((ip->frag_off & bpf_htons(0x1fff)) == 0)
		parse_upper(ip->protocol, (void *)ip + ip->ihl * 4, end,
			    (void *)ip + bpf_ntohs(ip->tot_len), packet);
}

/* Headers that IPv6 may put before that of the protocol. */
static __always_inline int is_extension(__u8 type)
{
	return type == IPPROTO_HOPOPTS || type == IPPROTO_ROUTING || type == IPPROTO_FRAGMENT ||
	       type == IPPROTO_AH || type == IPPROTO_DSTOPTS || type == IPPROTO_MH;
}

static __always_inline void parse_ipv6(const struct ipv6hdr *ip, const void *end,
				       struct packet *packet)
{
	const void *next = ip + 1, *ip_end;
	int first_fragment = 1;
	__u8 type;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return;
	packet->src_ip.version = 6;
	packet->src_ip.addr = ip->saddr;
	packet->dscp = ip->priority << 2 | ip->flow_lbl[0] >> 6;

	ip_end = next + bpf_ntohs(ip->payload_len);
	type = ip->nexthdr;
	for (int i = 0; i < 6 && first_fragment && is_extension(type); i++) {
		const __u8 *header = next; /* the type of what follows, its length, content */

		if (next + 8 > end || next + 8 > ip_end)
			return;
		if (type == IPPROTO_FRAGMENT) {
			first_fragment = header[2] == 0 && header[3] < 8;
			next += 8;
		} else if (type == IPPROTO_AH) {
			next += (header[1] + 2) * 4;
		} else {
			next += (header[1] + 1) * 8;
		}
		type = header[0];
	}
	if (is_extension(type))
		return;

	/* Of a packet in fragments, only the first has the header that follows. */
	if (first_fragment)
		parse_upper(type, next, end, ip_end, packet);
}

/* Looks through the packet; what it lacks stays none. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *packet)
{
	const void *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *next = eth + 1;
	__be16 type;

	if ((void *)(eth + 1) > end)
		return;
	__builtin_memcpy(packet->dst_mac.octets, eth->h_dest, ETH_ALEN);
	type = eth->h_proto;

	/* VLAN tags come first. */
	for (int tags = 0; tags < 4; tags++) {
		const __be16 *tag = next; /* its id and priority, then the type of what follows */

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 2) > end)
			return;
		type = tag[1];
		next = tag + 2;
	}

	if (type == bpf_htons(ETH_P_IP))
		parse_ipv4(next, end, packet);
	else if (type == bpf_htons(ETH_P_IPV6))
		parse_ipv6(next, end, packet);
}

/* The verdict on a packet: the first rule that matches decides. */
static __always_inline xdp_action_t decide(const struct packet *packet, __u64 length)
{
	/* src_ip 10.0.0.0/8 or 2001:db8::/33, dst_port 1-1023 */
	if (((packet->src_ip.version == 4 &&
	      (packet->src_ip.addr.s6_addr32[0] & bpf_htonl(0xff000000)) ==
		      bpf_htonl(0x0a000000)) ||
	     (packet->src_ip.version == 6 &&
	      packet->src_ip.addr.s6_addr32[0] == bpf_htonl(0x20010db8) &&
	      (packet->src_ip.addr.s6_addr32[1] & bpf_htonl(0x80000000)) ==
		      bpf_htonl(0x00000000))) &&
	    packet->dst_port >= 1 &&
	    packet->dst_port <= 1023)
		return XDP_DROP;

	/* tcp_flags syn/syn|ack or 0, dscp none or ef */
	if (((packet->tcp_flags & 0x12) == 0x2 ||
	     packet->tcp_flags == 0x0) &&
	    (packet->dscp == NO_DSCP ||
	     packet->dscp == 46))
		return XDP_TX;

	/* dst_mac 02:00:00:00:00:00/17, length 0-63 */
	if (packet->dst_mac.octets[0] == 0x02 &&
	    packet->dst_mac.octets[1] == 0x00 &&
	    (packet->dst_mac.octets[2] & 0x80) == 0x00 &&
	    length <= 63)
		return XDP_ABORTED;

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
	struct packet packet = {
		.dscp = NO_DSCP,
		.dst_port = NO_PORT,
		.tcp_flags = NO_TCP_FLAGS,
	};
	xdp_action_t verdict;

	parse(ctx, &packet);
	verdict = decide(&packet, length);
	if (verdict == XDP_TX)
		swap_macs(ctx);
	count(verdict);
	return verdict;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
