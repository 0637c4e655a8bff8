"""Fills a pinned map, or changes it all the time, with the system calls that bpftool doesn't make.

elements.py fill PATH COUNT VALUE_SIZE SLOTS
elements.py churn PATH COUNT VALUE_SIZE SLOTS: deletes and brings back every element with an odd number
"""

import ctypes
import os
import sys

what, path = sys.argv[1:3]
count, size, slots = map(int, sys.argv[3:])
bpf = ctypes.CDLL("libbpf.so.1")
fd = bpf.bpf_obj_get(os.fsencode(path))
assert fd >= 0, os.strerror(-fd)
stride = -(-size // 8) * 8 if slots > 1 else size


def key(n: int) -> bytes:
    number = n.to_bytes(4, sys.byteorder)
    return (32).to_bytes(4, sys.byteorder) + number if path.endswith("lpm_trie") else number


def value(n: int) -> bytes:
    return b"".join(
        (n * 7 + slot).to_bytes(size, sys.byteorder).ljust(stride, b"\0") for slot in range(slots)
    )


if what == "fill":
    for start in range(0, count, 4096):
        numbers = range(start, min(count, start + 4096))
        given = ctypes.c_uint32(len(numbers))
        keys, values = b"".join(map(key, numbers)), b"".join(map(value, numbers))
        assert bpf.bpf_map_update_batch(fd, keys, values, ctypes.byref(given), None) == 0
else:
    print("begun", flush=True)
    while True:
        for n in range(1, count, 2):
            bpf.bpf_map_delete_elem(fd, key(n))
            bpf.bpf_map_update_elem(fd, key(n), value(n), 0)
