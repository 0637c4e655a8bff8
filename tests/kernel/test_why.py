"""Why a counter doesn't move: each cause brought about for real, found, and mended by what `why` says."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from .conftest import PIN, XDPCTL, Lab

IN_PEER = ("nsenter", "--net=/run/netns/peer")
PATH = f"PATH={Path(sys.executable).parent}:$PATH"

FRAMES = """
import socket, sys, time
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
    s.bind((sys.argv[1], 0))
    print(flush=True)
    while True:
        s.send(bytes.fromhex("021122334455") + bytes(54))
        time.sleep(0.05)
"""
DATAGRAMS = """
import socket, time
print(flush=True)
while True:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"", ("10.77.0.1", 9))  # each from another port
    time.sleep(0.02)
"""
PASSES = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int passes(struct xdp_md *ctx) { return XDP_PASS; }
SEC("xdp") int drops(struct xdp_md *ctx) { return XDP_DROP; }
char LICENSE[] SEC("license") = "GPL";
"""
RINGS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); }
    count SEC(".maps");
SEC("xdp") int rings(struct xdp_md *ctx)
{
    __u32 zero = 0;
    __u64 *packets = bpf_map_lookup_elem(&count, &zero);
    bpf_ringbuf_output(&events, &zero, 4, 0);
    if (packets)
        __sync_fetch_and_add(packets, 1);
    return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""
LARGE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); }
    large SEC(".maps"), small SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __uint(map_flags, BPF_F_RDONLY_PROG);
    __type(key, __u32); __type(value, __u64); } limit SEC(".maps");
SEC("xdp") int sizes(struct xdp_md *ctx)
{
    __u32 zero = 0;
    __u64 *most = bpf_map_lookup_elem(&limit, &zero), *count;
    if (!most || ctx->data_end - ctx->data <= 60)
        return XDP_PASS;
    count = (__u64)(ctx->data_end - ctx->data) > 1000 + *most ? bpf_map_lookup_elem(&large, &zero)
                                                              : bpf_map_lookup_elem(&small, &zero);
    if (count)
        __sync_fetch_and_add(count, 1);
    return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


def why(lab: Lab, *arguments: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
    done = lab.xdpctl(*options, "why", *arguments, "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["schema"], done.returncode, done.stderr) == (1, 0 if said["ok"] else 5, "")
    return said


def cause(lab: Lab, *arguments: str, options: tuple[str, ...] = ()) -> str:
    return str(why(lab, *arguments, options=options).get("cause", "none"))


def mend(lab: Lab, said: dict[str, Any]) -> None:
    lab.must("sh", "-ec", f"{PATH}; {said['mend']}")


def mend_once_it_is_off(lab: Lab, said: dict[str, Any], *off: str) -> None:
    """What somebody else has put there isn't offered to be taken off: he does it himself."""
    asked, _, then = said["mend"].partition(", then: ")
    assert "whoever put it on veth0 can take it off" in asked
    assert "--force" not in then
    lab.must("ip", "link", "set", "dev", "veth0", *off)
    mend(lab, {"mend": then})


def counts(lab: Lab) -> bool:
    """Whether the pinned counter counts what comes in."""
    before = lab.dump()
    lab.ping(2)
    return bool(sum(lab.dump().values()) == sum(before.values()) + 2)


@contextmanager
def traffic(lab: Lab, *argv: str) -> Iterator[None]:
    """Something that sends for as long as this lasts, and has begun to."""
    with subprocess.Popen(lab.enter(*argv), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as sending:
        assert sending.stdout is not None
        try:
            sending.stdout.readline()
            yield
        finally:
            sending.kill()


@contextmanager
def pings(lab: Lab, address: str = "10.77.0.1", inside: tuple[str, ...] = IN_PEER) -> Iterator[None]:
    with traffic(lab, *inside, "ping", "-n", "-i", "0.05", address):
        yield


def frames(lab: Lab, device: str, inside: tuple[str, ...] = ()) -> AbstractContextManager[None]:
    """Frames to nobody, from a device."""
    return traffic(lab, *inside, sys.executable, "-uc", FRAMES, device)


def test_a_counter_that_moves_and_one_without_traffic(lab: Lab) -> None:
    lab.load_spec("")
    with pings(lab):
        said = why(lab, f"{PIN}/pkt_cnt")
        assert said["devices"] == ["veth0"]
        assert 15 < said["received"] <= said["runs"] <= said["counted"]["pkt_cnt"] < 60
    assert not lab.run("cat", "/proc/sys/kernel/bpf_stats_enabled").stdout.startswith("1")
    said = why(lab)
    assert (said["link"], said["cause"]) == ("receives", "no traffic")
    assert said["mend"] == "nsenter --net=/run/netns/peer ping -c 3 10.77.0.1"


def test_where_pins_are_hidden_or_missing(lab: Lab) -> None:
    assert cause(lab) == "no program"
    lab.build()
    lab.ok("load", "--pin", "/sys/fs/bpf/mine")
    said = why(lab)
    assert said["cause"] == "pinned elsewhere"
    assert said["mend"] == "xdpctl why --pin /sys/fs/bpf/mine"
    lab.must("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
    assert cause(lab) == "hidden pins"
    said = why(lab, "/sys/fs/bpf/mine/pkt_cnt")
    assert (said["link"], said["cause"], said["mend"]) == ("pinned", "hidden pins", "umount /sys/fs/bpf")
    mend(lab, said)
    done = lab.run("ip", "netns", "exec", "peer", XDPCTL, "why", "--json")
    assert json.loads(done.stdout)["cause"] == "no bpffs"
    assert cause(lab, "--pin", "/sys/fs/bpf/mine") == "not attached"


def test_pins_that_are_removed_while_the_program_runs(lab: Lab) -> None:
    lab.load_spec("")
    by_number = f"id:{lab.read('pkt_cnt')['map']['id']}"
    for removed, lacking in (("pkt_cnt", ["pkt_cnt"]), ("", ["xdp_allow", "pkt_cnt"])):
        lab.must("rm", "-r", f"{PIN}/{removed}")
        for name in (by_number, "veth0"):
            said = why(lab, name)
            assert (said["link"], said["cause"]) == ("pinned", "not pinned"), said
            assert f"reads pkt_cnt as {by_number}" in said["says"]
            assert f"{' and '.join(lacking)} {'are' if lacking[1:] else 'is'} not pinned" in said["says"]
        mend(lab, said)
        assert lab.pins() == ["/sys/fs/bpf/ebpf", f"{PIN}/pkt_cnt", f"{PIN}/xdp_allow"]
        assert counts(lab)
    lab.refused(2, "MAP|DEV is empty", "why", "")
    lab.refused(2, "MAP is empty", "dump", "")


def test_which_program_runs_and_where(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    said = why(lab)
    assert (said["cause"], said["mend"]) == ("not attached", "xdpctl attach veth0")
    assert cause(lab, "veth0") == "not attached"

    lab.ok("--netns", "peer", "attach", "veth1")
    said = why(lab, "veth0")
    assert (said["link"], said["cause"]) == ("attached", "other end")
    assert "runs on veth1 in netns peer, the other end of veth0" in said["says"]
    on_lo = why(lab, "lo")
    assert (on_lo["cause"], on_lo["mend"]) == ("another device", "xdpctl --netns peer why veth1")
    assert "carries only what the machine sends to itself" in on_lo["says"]
    lab.must(*IN_PEER, "ip", "link", "add", "veth0", "type", "bridge")
    assert cause(lab, "veth0", options=("--netns", "peer")) == "another device"
    mend(lab, said)
    assert lab.attached()
    assert counts(lab)
    assert cause(lab, "pkt_cnt", options=("--netns", "peer")) == "another namespace"
    assert cause(lab, "veth0", options=("--netns", "peer")) == "another namespace"
    done = lab.xdpctl("why", "veth1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is one in netns peer: xdpctl --netns peer why veth1" in done.stderr


def test_the_map_that_the_program_on_the_device_does_not_use(lab: Lab) -> None:
    """`ip link … xdp obj` loads the program a second time, with maps of its own; so does a reload."""
    lab.build()
    lab.ok("load")
    lab.must("ip", "link", "set", "dev", "veth0", "xdp", "obj", "bpf/xdp_allow.bpf.o", "sec", "xdp")
    for name in ("", "pkt_cnt", "veth0"):
        said = why(lab, *filter(None, [name]))
        assert (said["link"], said["cause"]) == ("right map", "another map"), said
        assert f"not in that at {PIN}/pkt_cnt" in said["says"]
    lab.must("rm", f"{PIN}/xdp_allow")
    by_itself = why(lab)
    assert "bpftool map pin id" in by_itself["mend"]
    mend(lab, by_itself)
    assert counts(lab)
    lab.ok("detach", "veth0")
    said = why(lab)
    assert (said["link"], said["cause"]) == ("loaded", "unused map")
    mend(lab, said)
    assert counts(lab)


def test_what_is_unused_keeps_its_elements(lab: Lab) -> None:
    lab.ok("map", "create", "spare", "--key", "u32", "--value", "u64")
    said = why(lab)
    assert (said["cause"], said["mend"]) == ("unused map", "xdpctl build && xdpctl load --dev veth0")
    lab.ok("build", "--program", "xdp_other", "--map", "other")
    lab.build()
    said = why(lab)
    assert said["mend"] == "xdpctl load bpf/xdp_allow.bpf.o --dev veth0"
    mend(lab, said)
    assert counts(lab)
    said = why(lab, "spare")
    assert (said["cause"], said["mend"]) == ("unused map", "xdpctl dump pkt_cnt")
    mend(lab, said)


def test_a_second_bpffs_over_nothing(lab: Lab) -> None:
    """A program of others that isn't pinned, somewhere else on the machine, has nothing to do with it."""
    lab.build()
    lab.ok("--netns", "peer", "load", "--dev", "veth1")
    lab.must("rm", "-r", PIN)
    lab.must("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
    said = why(lab)
    assert said["cause"] == "not pinned", said
    mend(lab, said)
    lab.ok("unload")
    assert cause(lab) == "no program"


def test_programs_of_others(lab: Lab) -> None:
    built = lab.compile("passes", PASSES)
    lab.must("bpftool", "-n", "prog", "load", str(built), "/sys/fs/bpf/passes", "type", "xdp")
    lab.must("ip", "link", "set", "dev", "veth0", "xdpgeneric", "pinned", "/sys/fs/bpf/passes")
    lab.build()
    lab.ok("load", "bpf/xdp_allow.bpf.o")
    said = why(lab, "veth0")
    assert (said["link"], said["cause"]) == ("right map", "another program")
    assert said["says"].startswith("passes (id ")
    assert "generic mode) runs on veth0" in said["says"]
    mend_once_it_is_off(lab, said, "xdpgeneric", "off")
    assert counts(lab)
    lab.ok("unload")
    lab.must("ip", "link", "set", "dev", "veth0", "xdp", "obj", "bpf/xdp_allow.bpf.o", "sec", "xdp")
    lab.must("rm", "/sys/fs/bpf/passes")
    said = why(lab)
    assert (said["link"], said["cause"]) == ("pinned", "not pinned")
    mend(lab, said)
    assert counts(lab)


def test_devices_that_are_down_or_alone(lab: Lab) -> None:
    lab.load_spec("")
    lab.must("ip", "link", "set", "veth0", "down")
    said = why(lab)
    assert (said["link"], said["cause"], said["mend"]) == ("up", "device down", "ip link set dev veth0 up")
    mend(lab, said)
    lab.must(*IN_PEER, "ip", "link", "set", "veth1", "down")
    said = why(lab)
    assert (said["link"], said["cause"]) == ("up", "other end down")
    mend(lab, said)
    with pings(lab, inside=()):
        assert cause(lab) == "through loopback"
    with frames(lab, "veth0"):
        said = why(lab)
    assert (said["link"], said["cause"]) == ("receives", "only sends")
    assert said["mend"] == "xdpctl --netns peer attach veth1"


def test_what_lies_beneath_decides_first(lab: Lab) -> None:
    lab.must("sh", "-ec", "ip link add br0 type bridge; ip link set br0 up; ip link set veth0 master br0")
    lab.must("sh", "-ec", "ip addr del 10.77.0.1/24 dev veth0; ip addr add 10.77.0.1/24 dev br0")
    built = lab.compile("drops", PASSES.replace("passes", "other"))
    lab.must("bpftool", "-n", "prog", "loadall", str(built), "/sys/fs/bpf/all", "type", "xdp")
    lab.must("ip", "link", "set", "dev", "veth0", "xdpdrv", "pinned", "/sys/fs/bpf/all/drops")
    lab.build()
    lab.ok("load", "bpf/xdp_allow.bpf.o", "--dev", "br0", "--mode", "generic")
    with frames(lab, "veth1", IN_PEER):
        said = why(lab)
        assert (said["link"], said["cause"]) == ("receives", "earlier program")
        lab.ok("detach", "br0")
        assert " isn't yours: xdpctl detach br0, and whoever " in said["mend"]
        mend_once_it_is_off(lab, said, "xdpdrv", "off")
        said = why(lab)
        assert (said["link"], said["cause"]) == ("receives", "passed by")
        mend(lab, said)
        assert lab.attached()


def test_what_is_counted_elsewhere_or_not_at_all(lab: Lab) -> None:
    lab.ok("build", str(lab.compile("sizes", LARGE)).replace("bpf/sizes.bpf.o", "sizes.c"))
    lab.ok("load", "--dev", "veth0")
    assert cause(lab, "limit") == "read-only map"
    with pings(lab):
        said = why(lab, "large")
        assert (said["cause"], said["mend"]) == ("another counter", "xdpctl dump small")
    with frames(lab, "veth1", IN_PEER):
        said = why(lab)
    assert (said["link"], said["cause"]) == ("counts", "nothing counted")
    assert "int sizes(" in lab.must("sh", "-c", said["mend"].partition(": ")[2])


def test_a_full_map(lab: Lab) -> None:
    lab.load_spec("[[counter]]\nkey = 'src_port'\nmax_entries = 1\n")
    with traffic(lab, *IN_PEER, sys.executable, "-uc", DATAGRAMS):
        said = why(lab)
    assert (said["link"], said["cause"]) == ("counts", "map full")


def test_what_came_into_a_ring_is_not_told(lab: Lab) -> None:
    lab.compile("rings", RINGS)
    lab.ok("load", "bpf/rings.bpf.o", "--dev", "veth0")
    with pings(lab):
        assert why(lab, "events")["says"].endswith("the kernel doesn't tell what came into events")
        assert "count counted " in lab.ok("why", "veth0")
