"""What types of maps are for, and what their flags are called."""

ABOUT = {
    "hash": "finds values by keys of any kind",
    "array": "finds values by numbers from 0 on, all of which are always there",
    "percpu_hash": "a hash in which each CPU has a value of its own for every key",
    "percpu_array": "an array in which each CPU has a value of its own for every number",
    "lru_hash": "a hash that forgets the least recently used elements when it is full",
    "lru_percpu_hash": "a percpu_hash that forgets the least recently used elements when it is full",
    "lpm_trie": "finds the longest prefix that a key lies in, as in a table of routes",
    "prog_array": "programs that another one can go on with: tail calls",
    "perf_event_array": "a way for programs to send messages to user space, one for each CPU",
    "ringbuf": "a way for programs to send messages to user space, in their order",
    "user_ringbuf": "a way for user space to send messages to programs",
    "devmap": "devices that packets can be redirected to",
    "devmap_hash": "devices that packets can be redirected to, found by any number",
    "cpumap": "CPUs that packets can be redirected to",
    "xskmap": "sockets (AF_XDP) that packets can be redirected to",
    "queue": "values that leave in the order in which they came",
    "stack": "values of which the last that came leaves first",
    "bloom_filter": "tells whether something was surely never put in",
    "array_of_maps": "maps, found by numbers from 0 on",
    "hash_of_maps": "maps, found by keys",
    "stack_trace": "who called whom, found by a number for each such chain",
    "cgroup_array": "control groups that packets can be held against",
    "sockmap": "sockets, found by numbers",
    "sockhash": "sockets, found by keys",
}
FLAGS = {
    "no_prealloc": 1 << 0,
    "no_common_lru": 1 << 1,
    "numa_node": 1 << 2,
    "rdonly": 1 << 3,
    "wronly": 1 << 4,
    "stack_build_id": 1 << 5,
    "zero_seed": 1 << 6,
    "rdonly_prog": 1 << 7,
    "wronly_prog": 1 << 8,
    "clone": 1 << 9,
    "mmapable": 1 << 10,
    "preserve_elems": 1 << 11,
    "inner_map": 1 << 12,
    "link": 1 << 13,
}


def flag_names(flags: int) -> tuple[str, ...]:
    """By bits; those that are newer than this list by their number."""
    known = tuple(name for name, bit in FLAGS.items() if flags & bit)
    others = flags & ~sum(FLAGS.values())
    return (*known, f"{others:#x}") if others else known
