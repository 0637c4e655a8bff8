/* The types behind the recorded dumps: types.btf.json is what `bpftool -j btf dump file` prints for
 * this file, compiled by clang 14 with -O2 -g -target bpf. The program fills t_nested and t_net, whose
 * dumps were recorded with bpftool 7.1; the other maps are as in the recordings of three versions. */
#include <linux/bpf.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAP(kind, key_type, value_type) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, 4); \
		__type(key, key_type); \
		__type(value, value_type); \
	}

typedef __u32 xdp_action_t;

struct hkey {
	__u16 port;
	__u8 proto;
	__u8 pad;
};

struct datarec {
	__u64 rx_packets;
	__u64 rx_bytes;
};

struct odd {
	char name[8];
	__u8 mac[6];
	_Bool on;
	__s8 s;
	enum xdp_action act;
	int neg;
	__u64 big;
	__u32 bits : 3;
	__u32 rest : 29;
	union {
		__u32 ip;
		__u8 oct[4];
	} u;
	struct {
		__u32 a;
		__u32 b;
	} in;
	__u64 arr[2];
};

struct nested {
	int a : 3;
	unsigned int b : 5;
	long long c : 40;
	union {
		__u32 x;
		__u8 y[4];
	};
	struct {
		__u16 p;
		__u16 q;
	};
	char s[4];
	enum xdp_action e : 4;
	_Bool on : 1;
	void *pointer;
};

struct flow {
	__be32 src;
	struct in6_addr src6;
	__be16 port;
	xdp_action_t verdict;
};

typedef __u64 three[3];

MAP(HASH, __u32, __u64) m_hash SEC(".maps");
MAP(HASH, struct hkey, struct datarec) m_hash_st SEC(".maps");
MAP(ARRAY, __u32, struct datarec) m_array SEC(".maps");
MAP(PERCPU_ARRAY, __u32, struct datarec) m_pcpu_arr SEC(".maps");
MAP(PERCPU_HASH, __u32, struct datarec) m_pcpu_hash SEC(".maps");
MAP(LRU_HASH, __u32, __u64) m_lru SEC(".maps");
MAP(HASH, enum xdp_action, __u64) t_enumkey SEC(".maps");
MAP(ARRAY, __u32, struct odd) t_odd SEC(".maps");
MAP(ARRAY, __u32, three) t_arrval SEC(".maps");
MAP(ARRAY, __u32, struct nested) t_nested SEC(".maps");
MAP(HASH, struct flow, __u64) t_net SEC(".maps");
__u64 g_total;

SEC("xdp")
int fill(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 one = 1;
	struct flow flow = {};
	struct nested *nested = bpf_map_lookup_elem(&t_nested, &key);

	if (!nested)
		return XDP_ABORTED;
	nested->a = -1;
	nested->b = 9;
	nested->c = -5;
	nested->x = 0x04030201;
	nested->p = 1;
	nested->q = 2;
	nested->s[0] = 'x';
	nested->e = XDP_TX;
	nested->on = 1;
	flow.src = bpf_htonl(0x0a000001);
	flow.src6.in6_u.u6_addr8[0] = 0x20;
	flow.src6.in6_u.u6_addr8[1] = 0x01;
	flow.src6.in6_u.u6_addr8[15] = 1;
	flow.port = bpf_htons(443);
	flow.verdict = XDP_DROP;
	bpf_map_update_elem(&t_net, &flow, &one, BPF_ANY);
	g_total += 22;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
