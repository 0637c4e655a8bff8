// SPDX-License-Identifier: GPL-2.0 OR MIT

/* xdp_empty only returns: what `xdpctl bench` compares all others with. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int xdp_empty(struct xdp_md *ctx)
{
	(void)ctx; /* no look at the packet */

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
