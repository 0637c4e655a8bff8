"""Two programs on the same packets, maps that begin filled: `run --against`, `--with`, `--with-live`."""

import json
from typing import Any

import pytest

from .conftest import Lab
from .test_run import frame, pcap

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
%(extra)s
struct { __uint(type, BPF_MAP_TYPE_%(type)s); __uint(max_entries, 256);
	__type(key, __u32); __type(value, __u64); }
	sizes SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u16); __type(value, __u32); }
	blocked SEC(".maps");
int seen;

SEC("xdp") int %(name)s(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 size = end - data, *verdict;
	__u64 *count, one = 1;
	__u16 type;

	seen++;
	if (data + 14 > end)
		return XDP_ABORTED;
	type = data[12] << 8 | data[13];
	size %%= 256;
	%(body)s
	count = bpf_map_lookup_elem(&sizes, &size);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&sizes, &size, &one, BPF_ANY);
	verdict = bpf_map_lookup_elem(&blocked, &type);
	return verdict ? *verdict : XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


def compile_(lab: Lab, name: str, body: str = "", extra: str = "", type_: str = "ARRAY") -> None:
    lab.compile(name, SOURCE % {"name": f"xdp_{name}", "body": body, "extra": extra, "type": type_})


@pytest.fixture
def reference(lab: Lab) -> Lab:
    compile_(lab, "reference")
    return lab


def compare(
    lab: Lab, mine: str, *words: str, against: str = "bpf/reference.bpf.o"
) -> tuple[int, dict[str, Any]]:
    done = lab.xdpctl("run", f"bpf/{mine}.bpf.o", "--against", against, "--json", *words)
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["same"] == (done.returncode == 0)
    return done.returncode, said


def test_the_same_program_in_other_words_doesn_t_differ(reference: Lab) -> None:
    """An array and a hash count the same; what only one's own has isn't compared."""
    compile_(reference, "mine", "calls++;", "int calls;", "HASH")
    done = reference.xdpctl("run", "bpf/mine.bpf.o", "--against", "bpf/reference.bpf.o", "--packet", "icmp")
    assert done.returncode == 0
    assert done.stdout == "no difference in 1 packet, and in what 3 maps counted\n"
    assert done.stderr == "calls isn't compared: xdp_reference has none\n"
    done = reference.xdpctl("run", "bpf/reference.bpf.o", "--against", "bpf/mine.bpf.o", "--packet", "icmp")
    assert done.returncode == 5
    assert done.stdout.splitlines() == [
        "PACKET  LENGTH  VERDICT       AGAINST",
        "icmp        98  XDP_PASS      XDP_PASS",
        "  calls: -, against +1",
        "",
        "global variables",
        "KEY    COUNTED  AGAINST",
        "calls  -        +1",
        "",
        "1 of 1 packet differs: 1 in counts; counts differ in global variables",
    ]


def test_verdicts_packets_and_counts_that_differ(reference: Lab) -> None:
    body = """
	if (type == 0x0806)
		return 17;
	if (size == 72)
		data[0] = 6;
	if (type == 0x86dd)
		size++;"""
    compile_(reference, "mine", body)
    words = [word for kind in ("arp", "icmp", "tcp", "udp6") for word in ("--packet", kind)]
    done = reference.xdpctl("run", "bpf/mine.bpf.o", "--against", "bpf/reference.bpf.o", *words)
    assert done.returncode == 5
    assert done.stdout.splitlines() == [
        "PACKET  LENGTH  VERDICT       AGAINST",
        "arp         42  17            XDP_PASS",
        "  sizes 42: -, against +1",
        "tcp         72  XDP_PASS      XDP_PASS",
        "  changed: dst_mac: 02:00:00:00:00:01 -> 06:00:00:00:00:01",
        "  against: nothing",
        "udp6        91  XDP_PASS      XDP_PASS",
        "  sizes 92: +1, against -",
        "  sizes 91: -, against +1",
        "",
        "sizes",
        "KEY  COUNTED  AGAINST",
        "92   +1       -",
        "42   -        +1",
        "91   -        +1",
        "",
        "3 of 4 packets differ: 1 in the verdict, 1 in what became of the packet, 2 in counts; "
        "counts differ in sizes",
    ]
    assert done.stderr == "17 is no XDP action: the kernel drops such a packet, with a warning in its log\n"
    status, said = compare(reference, "mine", *words)
    assert status == 5
    assert [one["packet"] for one in said["differences"]] == ["arp", "tcp", "udp6"]
    assert said["differences"][1]["program"]["changes"][0]["field"] == "dst_mac"
    assert said["differences"][0]["maps"] == [
        {"name": "sizes", "changes": [{"key": 42, "growth": None, "against": 1}]}
    ]
    assert (said["packets"], said["differ"], said["in_counts"]) == (4, 3, 2)


def test_of_many_packets_the_first_are_shown_and_all_are_counted(reference: Lab) -> None:
    compile_(reference, "mine", "if (type == 0x0806) return XDP_DROP;")
    name = pcap(reference.directory / "x.pcap", [frame(0x0806 if i % 2 else 0x0800, 60) for i in range(100)])
    run = ("run", "bpf/mine.bpf.o", "--against", "bpf/reference.bpf.o", "--pcap", name)
    done = reference.xdpctl(*run)
    assert done.returncode == 5
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:41:2]] == [str(i) for i in range(2, 42, 2)]
    assert lines[-1] == "50 of 100 packets differ: 50 in the verdict, 50 in counts; counts differ in sizes"
    assert done.stderr.startswith("these are the first 20 of 50: --each shows all\n")
    assert len(reference.xdpctl(*run, "--each").stdout.splitlines()) == 1 + 2 * 50 + 6
    done = reference.xdpctl(*run, "--repeat", "11")
    lines = done.stdout.splitlines()
    assert lines[-1] == "550 of 1100 packets differ: 550 in the verdict; counts differ in sizes"
    assert done.stderr.endswith("counts were compared in the end: --each does so after each packet\n")


def test_against_what_is_loaded_and_with_what_it_holds(reference: Lab) -> None:
    """The loaded program and its maps stay as they are."""
    compile_(reference, "mine")
    reference.ok("load", "bpf/reference.bpf.o", "--dev", "veth0")
    reference.ok("map", "set", "blocked", "2054", "1")
    reference.ok("map", "set", "sizes", "42", "7")
    before = reference.state(), reference.ok("dump", "sizes")
    run = ("run", "bpf/mine.bpf.o", "--packet", "arp")
    assert "XDP_PASS" in reference.ok(*run)
    done = reference.ok(*run, "--with-live")
    assert done.splitlines()[1].split() == ["arp", "42", "XDP_DROP"]
    assert "7 -> 8" in done
    done = reference.ok(*run, "--with-live", "--against", "xdp_reference")
    assert done == "no difference in 1 packet, and in what 3 maps counted\n"
    assert (reference.state(), reference.ok("dump", "sizes")) == before


@pytest.mark.parametrize(
    ("given", "verdict"),
    [("blocked=2054=1", "XDP_DROP"), ("blocked=2054=3", "XDP_TX"), ("blocked=2055=1", "XDP_PASS")],
)
def test_elements_that_are_given(given: str, verdict: str, reference: Lab) -> None:
    done = reference.ok(
        "run", "bpf/reference.bpf.o", "--packet", "arp", "--with", given, "--with", "sizes=42=5"
    )
    assert done.splitlines()[1].split() == ["arp", "42", verdict]
    assert "5 -> 6" in done


def test_elements_in_files(reference: Lab) -> None:
    reference.ok("load", "bpf/reference.bpf.o")
    reference.ok("map", "set", "blocked", "2054", "1")
    for name, option in (("csv", "--csv"), ("jsonl", "--jsonl")):
        (reference.directory / name).write_text(reference.ok("dump", "blocked", option))
    reference.ok("dump", "blocked", "--save", "saved")
    reference.ok("unload")
    for name in ("csv", "jsonl", "saved"):
        done = reference.ok("run", "bpf/reference.bpf.o", "--packet", "arp", "--with", f"blocked={name}")
        assert done.splitlines()[1].split() == ["arp", "42", "XDP_DROP"]


def test_maps_of_several_members_and_cpus(lab: Lab) -> None:
    lab.ok("build", "--key", "ip_proto", "--key", "dst_port", "--field", "packets", "--field", "bytes")
    given = "pkt_cnt=ip_proto=tcp dst_port=80=packets=5 bytes=300"
    done = lab.ok("run", "--packet", "tcp", "--with", given)
    assert "5 -> 6" in done
    assert "300 -> 372" in done
    assert "5 -> 6" in lab.ok("run", "--packet", "tcp", "--with", given.replace("80=", "80 "))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "--with blocke=1=1",
            "--with blocke: the program has no map of that name\n  did you mean 'blocked'?",
        ),
        ("--with blocked=x=1", "--with blocked: key can't be 'x'"),
        ("--with blocked=none.csv", "--with blocked: none.csv can't be read"),
        ("--with blocked", "--with blocked: it names no map, or nothing to fill it with"),
        ("--with-live", "no XDP program is pinned in"),
        ("--against none.o", "none.o can't be read"),
    ],
)
def test_what_can_not_be(words: str, says: str, reference: Lab) -> None:
    before = reference.state()
    reference.refused(2, says, "run", "bpf/reference.bpf.o", "--packet", "arp", *words.split())
    assert reference.state() == before


def test_a_verdict_that_is_none_is_named_for_what_it_is(reference: Lab) -> None:
    compile_(reference, "mine", "return -1;")
    done = reference.xdpctl("run", "bpf/mine.bpf.o", "--packet", "arp", "--packet", "icmp")
    assert done.stderr == (
        "4294967295 (-1) is no XDP action: the kernel drops such a packet, with a warning in its log\n"
    )
