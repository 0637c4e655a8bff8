// SPDX-License-Identifier: GPL-2.0 OR MIT

/* THE WRONG WAY TO COUNT, on purpose: `xdpctl bench --race` shows what it
 * loses. `xdpctl build` never writes this.
 *
 * All CPUs share one value, and `+= 1` is three acts: read, add, write. Where
 * two CPUs read the same number, both write that number plus one, and one of
 * their two packets is never counted. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY); /* right: BPF_MAP_TYPE_PERCPU_ARRAY */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pkt_cnt SEC(".maps");

SEC("xdp")
int xdp_plain(struct xdp_md *ctx)
{
	(void)ctx; /* packets are counted without a look at them */

	__u32 key = 0;
	__u64 *packets = bpf_map_lookup_elem(&pkt_cnt, &key);

	if (!packets)
		return XDP_PASS;

	*packets += 1; /* right in a shared map: __sync_fetch_and_add(packets, 1) */
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
