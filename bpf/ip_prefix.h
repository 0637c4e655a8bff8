/* The key of a trie: of version and address, the first so many bits count.
 * 10.0.0.0/8 has a prefixlen of 40: the 32 bits of version 4, then 8. */
struct ip_prefix {
	__u32 prefixlen;
	struct ip_addr ip;
};
