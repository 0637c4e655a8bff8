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
