struct flow_kind {
	__u16 ip_proto;
	__u8 ip_version;	/* 4 or 6; 0 is none */
	__u8 has_ports;
};

/* Who talks to whom. An IPv4 address fills the first four bytes. */
struct flow {
	struct in6_addr src_ip;
	struct in6_addr dst_ip;
	__be16 src_port;
	__be16 dst_port;
	struct flow_kind kind;
};
