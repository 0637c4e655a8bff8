// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_protocols counts packets and bytes by ip_proto in the per-CPU array map protocols
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
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 257);
	__type(key, ip_proto_t);
	__type(value, struct counts);
} protocols SEC(".maps");

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

static __always_inline void parse_ipv6(const struct ipv6hdr *ip, const void *end,
				       struct packet *packet)
{
	const void *next = ip + 1, *ip_end;
	int first_fragment = 1;
	__u8 type;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return;

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
	packet->ip_proto = type;
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
static __always_inline void count(ip_proto_t key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&protocols, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

SEC("xdp")
int xdp_protocols(struct xdp_md *ctx)
{
	struct packet packet = { .ip_proto = NO_IP_PROTO };

	parse(ctx, &packet);
	count(packet.ip_proto, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
