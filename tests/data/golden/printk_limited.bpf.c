// SPDX-License-Identifier: GPL-2.0 OR MIT
// Written by `xdpctl build`, which overwrites it; delete this line to keep your own changes.

/* xdp_allow counts packets in the hash map pkt_cnt and passes every packet. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The map: the program counts into it, user space reads it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pkt_cnt SEC(".maps");

/* Counts one packet under this key. */
static __always_inline void count(__u32 key)
{
	__u64 *packets = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!packets) {
		/* The first packet brings the element, with its own counts. */
		__u64 first = 1;

		if (bpf_map_update_elem(&pkt_cnt, &key, &first, BPF_NOEXIST) == 0)
			return;

		/* Another CPU was faster: count into the element that it brought. */
		packets = bpf_map_lookup_elem(&pkt_cnt, &key);
		if (!packets)
			return;
	}

	/* All CPUs write here: only atomic additions lose nothing. */
	__sync_fetch_and_add(packets, 1);
}

/* When the next message may be printed, in nanoseconds since boot. */
static __u64 next_message;

SEC("xdp")
int xdp_allow(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	(void)ctx; /* packets are counted without a look at them */

	if (now >= next_message) {
		next_message = now + 100000000;
		bpf_printk("seen");
	}
	count(0);
	return XDP_PASS;
}

/* How `xdpctl status` recognises its programs: bpftool shows this as metadata. */
const char bpf_metadata_xdpctl[] SEC(".rodata") = "counter";

/* Some helpers, bpf_printk's among them, are only for GPL-compatible programs. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
