"""`xdpctl run` on the real kernel: what it shows, what it counts, and that nothing is left of it."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import PIN, Lab
from .test_all_or_nothing import inject
from .test_map_create import WITHOUT_LIBBPF

CHANGES_C = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int seen;
static volatile long twice = 2;
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int); __type(value, int); }
	last SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 8); __type(value, int); } line SEC(".maps");

SEC("xdp") int changes(struct xdp_md *ctx)
{
	int one = 1, key = seen, before = seen - 1;
	unsigned char *data, *end;

	seen++;
	twice *= 2;
	bpf_map_delete_elem(&last, &before);
	bpf_map_update_elem(&last, &key, &one, BPF_ANY);
	bpf_map_push_elem(&line, &one, 0);
	if (seen == 2)
		bpf_xdp_adjust_tail(ctx, -20);
	if (seen == 3)
		bpf_xdp_adjust_head(ctx, 14);
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (seen == 4 && data + 60 < end) {
		data[22]--;
		data[50] = 0xff;
	}
	return seen == 1 ? 17 : XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


def pcap(path: Path, frames: Sequence[bytes], longer: int = 0) -> str:
    records = (struct.pack("<IIII", 0, 0, len(f), len(f) + longer) + f for f in frames)
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records))
    return path.name


def frame(ethertype: int, length: int) -> bytes:
    return (bytes.fromhex("020000000001020000000002") + struct.pack("!H", ethertype)).ljust(length, b"\0")


def read(lab: Lab, *arguments: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(lab.ok("run", "--json", *arguments))
    assert said["schema"] == 1
    return said


def changed(said: dict[str, Any], name: str) -> dict[Any, Any]:
    """Keys of a map to what they were before and what they are now."""
    [found] = [map_["changes"] for map_ in said["maps"] if map_["name"] == name]
    return {change["key"]: (change["before"], change["after"]) for change in found}


def test_every_kind_is_what_the_program_takes_it_for(lab: Lab) -> None:
    kinds = "arp icmp icmpv6 tcp-syn tcp udp udp6 vlan qinq options fragment short".split()
    options = [word for kind in kinds for word in ("--packet", kind)]
    lab.ok("build", "--key", "ip_proto", "--type", "hash")
    before = lab.state()
    assert changed(read(lab, *options), "pkt_cnt") == {
        "icmp": (None, 3),
        "tcp": (None, 2),
        "udp": (None, 4),
        "icmpv6": (None, 1),
        "none": (None, 2),
    }
    lab.ok("build", "--key", "ethertype", "--key", "vlan", "--key", "dst_port", "--type", "hash")
    found = read(lab, *options)
    keys = [change["key"] for map_ in found["maps"] for change in map_["changes"]]
    assert {"ethertype": "ipv4", "vlan": 100, "dst_port": "none"} in keys
    assert {"ethertype": "ipv4", "vlan": 10, "dst_port": "none"} in keys
    assert {"ethertype": "ipv6", "vlan": "none", "dst_port": 53} in keys
    assert {"ethertype": "arp", "vlan": "none", "dst_port": "none"} in keys
    assert lab.state()[0] == before[0]


def test_a_copy_counts_for_itself_and_live_counts_for_all(lab: Lab) -> None:
    lab.ok("build", "--key", "verdict", "--field", "packets", "--field", "bytes")
    lab.ok("load", "--dev", "veth0")
    lab.ping(2)
    before = lab.state(), lab.dump()
    said = lab.ok("run", "xdp_allow", "--packet", "icmp", "--packet", "short")
    assert said.splitlines() == [
        "PACKET  LENGTH  VERDICT",
        "icmp        98  XDP_PASS",
        "  pkt_cnt XDP_PASS: packets +1, bytes +98",
        "short       14  XDP_PASS",
        "  pkt_cnt XDP_PASS: packets +1, bytes +14",
        "",
        "pkt_cnt",
        "KEY       PACKETS  BYTES",
        "XDP_PASS  +2       +112",
    ]
    assert (lab.state(), lab.dump()) == before
    assert "XDP_PASS  2 -> 5   196 -> 490" in lab.ok("run", "--live", "--packet", "icmp", "--repeat", "3")
    assert lab.dump()["XDP_PASS"] == {"packets": 5, "bytes": 490}
    assert lab.state() == before[0]


def test_a_copy_is_of_what_is_loaded_or_it_is_refused(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    ping = ("run", "xdp_allow", "--packet", "icmp")
    lab.ok("build", "--verdict", "drop")
    lab.refused(5, "bpf/xdp_allow.bpf.o isn't what xdp_allow was loaded from: its tag is", *ping)
    lab.ok("build", "--max-entries", "7")
    lab.refused(5, "its maps have other types or sizes", *ping)
    (lab.directory / "bpf/xdp_allow.bpf.o").unlink()
    lab.refused(2, "a copy of xdp_allow needs its object, and bpf/ has none", *ping)
    lab.refused(2, "a copy of xdp_allow needs its object", "run", "--packet", "icmp")
    lab.refused(2, "pkt_cnt is no program but a map", "run", "pkt_cnt", "--live", "--packet", "icmp")
    lab.refused(2, f"{PIN} is a directory", "run", PIN, "--live", "--packet", "icmp")
    lab.refused(
        2, "no XDP program 'xdp_alow'\n  did you mean 'xdp_allow'", "run", "xdp_alow", "--packet", "arp"
    )
    assert "icmp        98  XDP_PASS" in lab.ok("run", f"{PIN}/xdp_allow", "--live", "--packet", "icmp")


def test_changes_of_packets_variables_and_elements(lab: Lab) -> None:
    lab.compile("changes", CHANGES_C)
    done = lab.xdpctl("run", "--packet", "icmp", "--repeat", "4")
    assert done.stderr.startswith("changes of line aren't shown: ")
    shown = [line for line in done.stdout.splitlines() if ": +" not in line and "gone" not in line]
    assert shown[:9] == [
        "PACKET  LENGTH  VERDICT",
        "icmp        98  17",
        "icmp        98  XDP_PASS",
        "  length: 98 -> 78",
        "  byte 78: 20 bytes taken out: 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 …",
        "icmp        98  XDP_PASS",
        "  length: 98 -> 84",
        "  byte 0: 14 bytes taken out: 02 00 00 00 00 01 02 00 00 00 00 02 08 00",
        "icmp        98  XDP_PASS",
    ]
    tables = done.stdout.split("\n\n")
    last = ["ttl: 64 -> 63", "byte 50: 08 -> ff", "last 2: 1 -> gone", "last 3: +1", "seen: +1", "twice: +16"]
    assert sorted(line.strip() for line in tables[0].splitlines()[-6:]) == sorted(last)
    assert {"last\nKEY  VALUE\n  3  +1", "global variables\nNAME  VALUE\nseen  +4"} <= {
        table.rstrip() for table in tables
    }
    assert "global variables\nNAME   VALUE\ntwice  2 -> 32" in done.stdout
    lab.ok("load")
    lab.ok("run", "--live", "--packet", "icmp")
    assert changed(read(lab, "--live", "--packet", "arp"), "last") == {0: (1, None), 1: (None, 1)}


def test_a_capture_of_many_packets_is_summed_up(lab: Lab) -> None:
    lab.ok("build", "--key", "ethertype", "--type", "hash", "--field", "packets", "--field", "bytes")
    good = [frame(0x0800 if i % 3 else 0x0806, 60 + i % 40) for i in range(1200)]
    odd = [frame(0x0800, 14)[:13], frame(0x0800, 3521), frame(0x0800, 9000)]
    name = pcap(lab.directory / "x.pcap", [*good, *odd], longer=1)
    done = lab.xdpctl("run", "--pcap", name)
    assert done.stdout.splitlines()[:2] == [
        "VERDICT   PACKETS  BYTES  CHANGED",
        f"XDP_PASS     1200  {sum(map(len, good))}        0",
    ]
    assert "shorter than an Ethernet header (14 bytes): 1 of the packets" in done.stderr
    assert "longer than the 3520 bytes that one buffer holds" in done.stderr
    assert "run as what is left of them: 1200 of the packets" in done.stderr
    said = read(lab, "--pcap", name)
    assert said["packets"] is None
    assert sum(reason["packets"] for reason in said["not_run"]) == 3
    expected = {
        key: {"packets": len(some), "bytes": sum(map(len, some))}
        for key, some in (("arp", good[::3]), ("ipv4", [f for i, f in enumerate(good) if i % 3]))
    }
    assert changed(said, "pkt_cnt") == {key: (None, value) for key, value in expected.items()}
    each = lab.ok("run", "--pcap", name, "--each").split("\n\n")[0].splitlines()
    assert [line.split()[:2] for line in each[1:]] == [[str(i), str(len(f))] for i, f in enumerate(good, 1)]


def test_packets_of_several_buffers(lab: Lab) -> None:
    """Linux 5.18 and newer; bpftool has no room for the last that is run."""
    lengths = (60, 3521, 9000, 69_000, 80_000)
    name = pcap(lab.directory / "x.pcap", [frame(0x0800, length) for length in lengths])
    lab.ok("build", "--frags", "--field", "bytes")
    said = read(lab, "--pcap", name)
    assert changed(said, "pkt_cnt") == {0: (None, 60 + 3521 + 9000 + 69_000)}
    assert [packet["length_after"] for packet in said["packets"]] == [60, 3521, 9000, 69_000]
    assert said["not_run"] == [{"reason": "longer than the 73152 bytes that the kernel takes", "packets": 1}]


def test_a_broken_capture_changes_nothing(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    path = lab.directory / "x.pcap"
    pcap(path, [])
    path.write_bytes(path.read_bytes() + struct.pack("<IIII", 0, 0, 1 << 25, 0))
    lab.refused(2, "x.pcap is damaged at packet 1", "run", "--live", "--pcap", "x.pcap")
    pcap(path, [frame(0x0800, 60)] * 30)
    path.write_bytes(path.read_bytes()[:70])
    lab.refused(2, "x.pcap is cut off at packet 1", "run", "--live", "--pcap", "x.pcap")
    pcap(path, [b"short"])
    lab.refused(
        2, "holds no packet that can be run\n  1 is shorter than", "run", "--live", "--pcap", "x.pcap"
    )
    lab.refused(2, "missing.pcap can't be read", "run", "--live", "--pcap", "missing.pcap")
    assert lab.dump() == {}


def test_what_is_shown_can_be_pasted(lab: Lab) -> None:
    """The plan, into a shell: the program runs there, and nothing is left."""
    lab.build()
    before = lab.state()
    planned = lab.ok("--dry-run", "run", "--packet", "icmp", "--packet", "short")
    assert lab.state() == before
    (lab.directory.parent / "pasted").write_text(planned)
    pasted = lab.must("sh", "-c", "bash -es <../pasted")
    assert pasted.count('"retval":2') == 2
    assert lab.state() == before
    shown = lab.xdpctl("--show-commands", "run", "--packet", "icmp", "--packet", "short").stderr.splitlines()
    commands = [line for line in planned.splitlines() if not line.startswith("#")]
    assert [line for line in shown if line in commands] == commands


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda n: n.name)
def test_an_end_in_the_middle_leaves_nothing(number: signal.Signals, lab: Lab) -> None:
    lab.ok("build", "--program", f"xdp_{os.getpid()}")
    before = lab.state()
    command = (sys.executable, "-m", "xdpctl", "run", "--packet", "icmp", "--repeat", "10000000", "--each")
    with subprocess.Popen(
        lab.enter(*command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith("PACKET")
        child.send_signal(number)
        child.stdout.read()
        assert "Traceback" not in child.stderr.read()
    assert child.returncode == (-number if number == signal.SIGKILL else 130)
    assert lab.state() == before
    deadline = time.monotonic() + 10  # the bpftool under way ends by itself, and the kernel frees later
    while f"xdp_{os.getpid()}" in lab.must("bpftool", "prog", "show"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("options", [(), ("--repeat", "30")])
def test_a_run_that_fails_is_told_as_json(lab: Lab, options: tuple[str, ...]) -> None:
    lab.build()
    env = inject(lab, "bpftool", "batch file")
    words = ("run", "--packet", "udp", "--json", *options)
    done = lab.run(sys.executable, "-c", WITHOUT_LIBBPF, *words, env=env)  # which runs many packets
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "refused")


HUGE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 30000000); __type(key, __u32); __type(value, __u32);
} ring SEC(".maps");
__u64 hits;
SEC("xdp") int look(struct xdp_md *ctx)
{
    __u32 key = 0, *slot = bpf_map_lookup_elem(&ring, &key);
    if (slot) __sync_fetch_and_add(&hits, 1 + *slot);
    return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_arrays_that_would_take_minutes_to_read_are_left_out(lab: Lab) -> None:
    lab.compile("huge", HUGE)
    done = lab.xdpctl("run", "--packet", "icmp", "--packet", "tcp")
    assert done.returncode == 0
    assert done.stderr == "changes of ring aren't shown: it always has 30000000 elements\n"
    assert "hits  +2" in done.stdout
    lab.ok("load", "--dev", "veth0")
    start = time.monotonic()
    lab.xdpctl("why")
    assert time.monotonic() - start < 15
