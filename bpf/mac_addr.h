/* Filled up to a multiple of four bytes, so that a key made of several parts has no holes. */
struct mac_addr {
	__u8 octets[6];
	__u16 zero;
};
