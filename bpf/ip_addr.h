/* An address of either version of IP; an IPv4 address fills the first four bytes. */
struct ip_addr {
	__u32 version;	/* 4 or 6; 0 is none */
	struct in6_addr addr;
};
