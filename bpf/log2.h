/* The largest power of two in a length: 6 for 64 to 127. */
static __always_inline log2_t log2_of(__u64 length)
{
	log2_t log2 = 0;

	for (int half = 16; half; half /= 2) {
		if (length >> half) {
			length >>= half;
			log2 += half;
		}
	}
	return log2;
}
