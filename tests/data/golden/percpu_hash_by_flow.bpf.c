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

/* What the program looks at in a packet. */
struct packet {
	struct flow flow;
	struct flow6 flow6;
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

/* The same for flows over IPv6. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow6);
	__type(value, struct counts);
} pkt_cnt6 SEC(".maps");

/* Looks through the packet, below; what the packet lacks stays none. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *packet);

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_pkt_cnt(const struct flow *key, __u64 length)
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

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_pkt_cnt6(const struct flow6 *key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt6, key);

	if (!counts) {
		/* The first packet brings the element, with its own counts for this CPU. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&pkt_cnt6, key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&pkt_cnt6, key);
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
	__u64 length = ctx->data_end - ctx->data;
	struct packet packet = { .flow.kind.ip_proto = NO_IP_PROTO };

	parse(ctx, &packet);
	if (packet.flow6.kind.ip_version)
		count_pkt_cnt6(&packet.flow6, length);
	else
		count_pkt_cnt(&packet.flow, length);
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

/* What follows IP: within the frame, and within what is left of the bytes of IP.
 * Gives where the ports are. */
static __always_inline const void *
parse_upper(__u8 ip_proto, const void *header, const void *end, long left)
{
	const __be16 *ports = header; /* source and destination */

	if (ip_proto != IPPROTO_TCP && ip_proto != IPPROTO_UDP && ip_proto != IPPROTO_SCTP &&
	    ip_proto != IPPROTO_DCCP && ip_proto != IPPROTO_UDPLITE)
		return 0;
	if ((void *)(ports + 2) > end || left < 4)
		return 0;
	return ports;
}

static __always_inline void parse_ipv4(const struct iphdr *ip, const void *end,
				       struct packet *packet)
{
	const void *ports = 0;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return;

	/* Of a packet in fragments, only the first has the header that follows. */
	if ((ip->frag_off & bpf_htons(0x1fff)) == 0)
		ports = parse_upper(ip->protocol, (void *)ip + ip->ihl * 4, end,
					    bpf_ntohs(ip->tot_len) - ip->ihl * 4);
	packet->flow.src_ip = ip->saddr;
	packet->flow.dst_ip = ip->daddr;
	packet->flow.kind = (struct flow_kind){ ip->protocol, 4, ports != 0 };
	if (ports)
		__builtin_memcpy(&packet->flow.src_port, ports, 4); /* both */
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
	const void *ports = 0;
	const void *header;
	long left;
	__u32 found;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return;

	found = (offset + sizeof(*ip)) << 16 | ip->nexthdr;
	if (is_extension(ip->nexthdr))
		found = skip_extensions(ctx, offset);
	if (found >> 16) {
		header = (void *)(long)ctx->data + (found >> 16 & MAX_OFFSET);
		left = bpf_ntohs(ip->payload_len) - ((found >> 16) - offset - sizeof(*ip));
		ports = parse_upper(found, header, end, left);
	}
	packet->flow6.src_ip = ip->saddr;
	packet->flow6.dst_ip = ip->daddr;
	packet->flow6.kind = (struct flow_kind){ found, 6, ports != 0 };
	if (ports)
		__builtin_memcpy(&packet->flow6.src_port, ports, 4); /* both */
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
