"""Types of maps, as the kernel counts them and bpftool names them."""

TYPES = (
    *("unspec", "hash", "array", "prog_array", "perf_event_array", "percpu_hash", "percpu_array"),
    *("stack_trace", "cgroup_array", "lru_hash", "lru_percpu_hash", "lpm_trie", "array_of_maps"),
    *("hash_of_maps", "devmap", "sockmap", "cpumap", "xskmap", "sockhash", "cgroup_storage"),
    *("reuseport_sockarray", "percpu_cgroup_storage", "queue", "stack", "sk_storage", "devmap_hash"),
    *("struct_ops", "ringbuf", "inode_storage", "task_storage", "bloom_filter", "user_ringbuf"),
    *("cgrp_storage", "arena"),
)


def type_name(number: int) -> str:
    """One that is newer than this list is called by its number."""
    return TYPES[number] if number < len(TYPES) else str(number)
