// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets and bytes by flow in the per-CPU hash map pkt_cnt
 * and passes every packet. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* For packets that lack it: what no packet can have. */
enum {
	NO_IP_PROTO = 256,
};

/* Who talks to whom. An IPv4 address fills the first four bytes. */
struct flow {
	struct in6_addr src_ip;
	struct in6_addr dst_ip;
	__be16 src_port;
	__be16 dst_port;
	__u16 ip_proto;
	__u8 ip_version;	/* 4 or 6; 0 is none */
	__u8 has_ports;
};

/* What the program looks at in a packet. */
struct packet {
	struct flow flow;
};

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, struct counts);
} pkt_cnt SEC(".maps");

/* What found no place in pkt_cnt. */
__u64 pkt_cnt_lost;
__u64 pkt_cnt_lost_bytes;

/* What follows IP: within the frame, and within what IP calls its own. */
static __always_inline void parse_upper(__u8 ip_proto, const void *header, const void *end,
					const void *ip_end, struct packet *packet)
{
	const __be16 *ports = header; /* source and destination */

	if (ip_proto != IPPROTO_TCP && ip_proto != IPPROTO_UDP && ip_proto != IPPROTO_SCTP &&
	    ip_proto != IPPROTO_DCCP && ip_proto != IPPROTO_UDPLITE)
		return;
	if ((void *)(ports + 2) > end || (void *)(ports + 2) > ip_end)
		return;
	packet->flow.src_port = ports[0];
	packet->flow.dst_port = ports[1];
	packet->flow.has_ports = 1;
}

static __always_inline void parse_ipv4(const struct iphdr *ip, const void *end,
				       struct packet *packet)
{
	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return;
	packet->flow.ip_version = 4;
	packet->flow.src_ip.s6_addr32[0] = ip->saddr;
	packet->flow.dst_ip.s6_addr32[0] = ip->daddr;
	packet->flow.ip_proto = ip->protocol;

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
	packet->flow.ip_version = 6;
	packet->flow.src_ip = ip->saddr;
	packet->flow.dst_ip = ip->daddr;

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
	packet->flow.ip_proto = type;

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

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count(const struct flow *key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt, key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&pkt_cnt, key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&pkt_cnt, key);
		if (!counts) {
			/* No: the map is full. */
			__sync_fetch_and_add(&pkt_cnt_lost, 1);
			__sync_fetch_and_add(&pkt_cnt_lost_bytes, length);
			return;
		}
	}

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	struct packet packet = { .flow.ip_proto = NO_IP_PROTO };

	parse(ctx, &packet);
	count(&packet.flow, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
