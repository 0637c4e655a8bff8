// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets and bytes by vlan, src_mac and ethertype in the LRU hash map
 * pkt_cnt
 * and passes every packet. */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* What the keys mean is in the names of their types: `xdpctl dump` reads them. */
typedef __u32 ethertype_t;	/* what an Ethernet frame carries */
typedef __u32 vlan_t;	/* a VLAN's id */

/* For packets that lack it: what no packet can have. */
enum {
	NO_ETHERTYPE = 0,
	NO_VLAN = 4096,
};

/* Filled up to a multiple of four bytes, so that a key made of several parts has no holes. */
struct mac_addr {
	__u8 octets[6];
	__u16 zero;
};

/* What the program looks at in a packet. */
struct packet {
	ethertype_t ethertype;
	vlan_t vlan;
	struct mac_addr src_mac;
};

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* All packets: pkt_cnt forgets some when it needs room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} pkt_cnt_all SEC(".maps");

struct pkt_cnt_key {
	vlan_t vlan;
	struct mac_addr src_mac;
	ethertype_t ethertype;
};

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct pkt_cnt_key);
	__type(value, struct counts);
} pkt_cnt SEC(".maps");

/* Looks through the packet, below; what the packet lacks stays none. */
static __always_inline void parse(struct xdp_md *ctx, struct packet *packet);

/* Counts one packet under this key; each CPU has its own copy of the value. */
static __always_inline void count_pkt_cnt_all(__u32 key, __u64 length)
{
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt_all, &key);

	/* An array has all its elements, but the verifier wants to see this check. */
	if (!counts)
		return;

	/* No other CPU writes here: plain additions are safe. */
	counts->packets += 1;
	counts->bytes += length;
}

/* Counts one packet under this key. */
static __always_inline void count_pkt_cnt(const struct packet *packet, __u64 length)
{
	struct pkt_cnt_key key = {
		.vlan = packet->vlan,
		.src_mac = packet->src_mac,
		.ethertype = packet->ethertype,
	};
	struct counts *counts = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!counts) {
		/* The first packet brings the element, with its own counts. */
		struct counts first = { .packets = 1, .bytes = length };

		if (bpf_map_update_elem(&pkt_cnt, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		counts = bpf_map_lookup_elem(&pkt_cnt, &key);
		if (!counts)
			return;
	}

	/* All CPUs write here: only atomic additions lose nothing. */
	__sync_fetch_and_add(&counts->packets, 1);
	__sync_fetch_and_add(&counts->bytes, length);
}

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;
	struct packet packet = { .ethertype = NO_ETHERTYPE, .vlan = NO_VLAN };

	parse(ctx, &packet);
	count_pkt_cnt_all(0, length);
	count_pkt_cnt(&packet, length);
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

/* Looks through what follows the MAC addresses, whatever it is. */
static __always_inline void parse_rest(struct xdp_md *ctx, __be16 type, struct packet *packet)
{
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const __be16 *tag = start + ETH_HLEN;
	__u32 found;

	if (is_tag(type)) {
		if ((void *)(tag + 2) > end)
			return;
		packet->vlan = bpf_ntohs(tag[0]) & 0xfff;
		found = skip_tags(ctx);
		if (!found)
			return;
		type = bpf_htons(found);
	}

	/* Below are lengths of frames that tell their type elsewhere. */
	if (bpf_ntohs(type) >= ETH_P_802_3_MIN)
		packet->ethertype = bpf_ntohs(type);
}

static __always_inline void parse(struct xdp_md *ctx, struct packet *packet)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *end = (void *)(long)ctx->data_end;

	if ((void *)(eth + 1) > end)
		return;
	__builtin_memcpy(packet->src_mac.octets, eth->h_source, ETH_ALEN);
	parse_rest(ctx, eth->h_proto, packet);
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
