// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_map_parts counts packets and bytes by ip_proto in the hash map protocols
 * and passes every packet. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* What the keys mean is in the names of their types: `xdpctl dump` reads them. */
typedef __u32 ip_proto_t;	/* what an IP packet carries */

/* For packets that lack it: what no packet can have. */
enum {
	NO_IP_PROTO = 256,
};

/* What the program looks at in a packet. */
struct packet {
	ip_proto_t ip_proto;
};

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, ip_proto_t);
	__type(value, struct counts);
} protocols SEC(".maps");

/* What found no place in protocols. */
__u64 protocols_lost;
__u64 protocols_lost_bytes;

/* Looks through the packet, below; what the packet lacks stays none. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *packet);

/* Counts one packet under this key. */
static __always_inline void count(ip_proto_t key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&protocols, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&protocols, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&protocols, &key);
		if (!counts) {
			/* No: the map is full. */
			__sync_fetch_and_add(&protocols_lost, 1);
			__sync_fetch_and_add(&protocols_lost_bytes, length);
			return;
		}
	}

	/* All CPUs write here: only atomic additions lose nothing. */
	__sync_fetch_and_add(&counts->packets, 1);
	__sync_fetch_and_add(&counts->bytes, length);
}

SEC("xdp")
int xdp_map_parts(struct xdp_md *ctx)
{
	struct packet packet = { .ip_proto = NO_IP_PROTO };

	parse(ctx, &packet);
	count(packet.ip_proto, ctx->data_end - ctx->data);
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
	packet->ip_proto = ip->protocol;
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
	__u32 found;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return;

	found = (offset + sizeof(*ip)) << 16 | ip->nexthdr;
	if (is_extension(ip->nexthdr))
		found = skip_extensions(ctx, offset);
	packet->ip_proto = found & 0xffff;
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
