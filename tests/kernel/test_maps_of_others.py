"""What others have loaded: maps of the same names, of other types, and their global variables."""

import json
import subprocess
import sys

from .conftest import COMMAND, PIN, Lab

VARIABLES = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
__u64 seen, flags;
const volatile __u64 limit = 7;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
	__type(key, __u32); __type(value, __u64);
} plain SEC(".maps");
SEC("xdp") int xdp_vars(struct xdp_md *ctx)
{
	__u32 key = 0;

	__sync_fetch_and_add(&seen, 1);
	if (limit == 8)
		flags = 1;
	return bpf_map_lookup_elem(&plain, &key) ? XDP_PASS : XDP_DROP;
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_variables_of_ones_own_program(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o", "--pin", "/sys/fs/bpf/other")
    lab.ok("load", "bpf/vars.bpf.o", "--dev", "veth0")
    lab.send([60, 60])
    assert lab.dump(".bss") == {0: {"seen": 2, "flags": 0}}
    assert lab.dump(".bss", "--pin", "/sys/fs/bpf/other") == {0: {"seen": 0, "flags": 0}}
    assert "known: plain, " in lab.refused(2, "there is no map '1234'", "dump", "1234")


def test_constants_are_no_counters(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o")
    assert "# TYPE xdpctl_limit gauge" in lab.ok("dump", ".rodata", "--prometheus")
    variables = lab.ok("dump", ".bss", "--prometheus")
    assert "# TYPE xdpctl_seen_total counter" in variables
    assert "# TYPE xdpctl_flags gauge" in variables
    assert "nothing in its values is a count" in lab.xdpctl("watch", ".rodata", "--count", "1").stderr


def test_only_maps_are_named_among_maps(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o")
    for words in (["map", "pin", "nosuch", "other"], ["map", "clear", "nosuch"], ["dump", f"{PIN}/nosuch"]):
        told = lab.refused(2, "there is no map", *words)
        assert "plain" in told
        assert "xdp_vars" not in told


def test_a_bpffs_that_is_read_only(lab: Lab) -> None:
    """bpftool says no more than that it failed to pin the program."""
    lab.build()
    lab.ok("load", "--pin", "/sys/fs/bpf/other")
    lab.must("mkdir", PIN)
    map_id = lab.read("pkt_cnt", "--pin", "/sys/fs/bpf/other")["map"]["id"]
    lab.must("mount", "-o", "remount,ro", "/sys/fs/bpf")
    told = lab.refused(3, f"nothing can be pinned in {PIN}: its bpffs is mounted read-only", "load")
    assert "mount -o remount,rw /sys/fs/bpf" in told
    lab.refused(3, "read-only", "map", "pin", f"id:{map_id}", "again")


def test_a_table_fits_the_terminal(lab: Lab) -> None:
    lab.compile("vars", VARIABLES)
    lab.ok("load", "bpf/vars.bpf.o")
    dump = f"{COMMAND} dump .bss 2>/dev/null"
    shown = lab.must("script", "-qec", f"stty cols 14; {dump}; {dump} | cat", "/dev/null")
    assert shown.split() == "KEY 0 seen 0 flags 0 KEY SEEN FLAGS 0 0 0".split()
    assert max(map(len, shown.splitlines()[:4])) <= 14


SOCKETS = """
import ctypes, mmap, socket, struct, sys
bpf = ctypes.CDLL("libbpf.so.1")
SOL_XDP, MEMORY, SIZE = 283, 4, 1 << 16
def put(name, key, sock):
    fd, value = bpf.bpf_obj_get(f"/sys/fs/bpf/{name}".encode()), struct.pack("=Q", sock.fileno())
    assert not bpf.bpf_map_update_elem(fd, struct.pack("=I", key), value, ctypes.c_uint64(0))
xsk, room = socket.socket(44, socket.SOCK_RAW), mmap.mmap(-1, SIZE)
start = ctypes.addressof(ctypes.c_char.from_buffer(room))
xsk.setsockopt(SOL_XDP, MEMORY, struct.pack("=QQIIII", start, SIZE, 4096, 0, 0, 0))
for ring in (5, 6, 2):
    xsk.setsockopt(SOL_XDP, ring, struct.pack("=I", 16))
address = struct.pack("=HHIII", 44, 0, socket.if_nametoindex("veth0"), 0, 0)
assert not ctypes.CDLL(None).bind(xsk.fileno(), address, len(address))
put("xsks", 2, xsk)
listening = socket.create_server(("127.0.0.1", 0))
connected = socket.create_connection(listening.getsockname())
put("socks", 1, connected)
put("hash", 77, connected)
put("cookies", 1, connected)
put("far", 88, connected)
print("ready", flush=True)
sys.stdin.read()
"""


def test_maps_of_sockets_show_which_keys_are_in_use(lab: Lab) -> None:
    for name, type_ in (("xsks", "xskmap"), ("socks", "sockmap"), ("hash", "sockhash")):
        path = f"/sys/fs/bpf/{name}"
        lab.must("bpftool", *f"map create {path} type {type_} key 4 value 4 entries 4 name {name}".split())
        assert f"{name} is empty" in lab.xdpctl("dump", path).stderr
    for name, type_ in (("cookies", "sockmap"), ("far", "sockhash")):
        path = f"/sys/fs/bpf/{name}"
        lab.must("bpftool", *f"map create {path} type {type_} key 4 value 8 entries 4 name {name}".split())
    argv = lab.enter(sys.executable, "-c", SOCKETS)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "ready\n"
        for name, key in (("xsks", 2), ("socks", 1), ("hash", 77)):
            done = lab.xdpctl("dump", f"/sys/fs/bpf/{name}", "--json")
            assert json.loads(done.stdout)["entries"] == [{"key": key, "value": None}]
            assert f"{name} holds sockets, which only the kernel knows: these keys are in use" in done.stderr
            assert lab.ok("map", "keys", f"/sys/fs/bpf/{name}") == f"{key}\n"
            lab.refused(1, "can't be saved: it holds sockets", "dump", f"/sys/fs/bpf/{name}", "--save", "-")
            path = f"/sys/fs/bpf/{name}"
            said = f"{name}[{key}] holds a socket: that is all the kernel tells of it"
            lab.refused(1, said, "map", "get", path, str(key))
            lab.refused(2, f"{name} has no key 3 (ENOENT)", "map", "get", path, "3")
            lab.ok("map", "next", path, str(key))
            assert lab.ok("map", "delete", path, str(key)) == f"{name}[{key}] deleted\n"
        for name, key in (("cookies", 1), ("far", 88)):
            path = f"/sys/fs/bpf/{name}"
            done = lab.xdpctl("dump", path, "--json")
            [entry] = json.loads(done.stdout)["entries"]
            assert entry["key"] == key
            assert entry["value"] > 0
            assert f"{name} holds sockets, and shows their cookies" in done.stderr
            cookie = f"{entry['value']}"
            assert lab.ok("map", "get", path, str(key)).split() == ["KEY", "VALUE", str(key), cookie]
            assert f"sk:{entry['value']:x}" in lab.must("ss", "-ten")
