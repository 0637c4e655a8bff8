"""`xdpctl run --pcap`: captures as people have them."""

import gzip
import struct
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.utils import PcapNgWriter, PcapWriter

from .conftest import Lab
from .test_run import changed, frame, pcap, read

MANY = [frame(0x0800 if i % 3 else 0x0806, 60 + i % 40) for i in range(600)]
COUNTED = {"arp": (None, 200), "ipv4": (None, 400)}


@pytest.fixture
def built(lab: Lab) -> Lab:
    lab.ok("build", "--key", "ethertype", "--type", "hash")
    return lab


def block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def pcapng(link_types: Sequence[int], packets: Sequence[tuple[int, bytes]]) -> bytes:
    start = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interfaces = (block(1, struct.pack("<HHI", link_type, 0, 0)) for link_type in link_types)
    records = (block(6, struct.pack("<IIIII", at, 0, 0, len(f), len(f)) + f) for at, f in packets)
    return b"".join((start, *interfaces, *records))


@pytest.mark.parametrize("writer", [PcapWriter, PcapNgWriter])
@pytest.mark.parametrize("packed", [False, True])
def test_what_scapy_writes_is_counted_by_its_outermost_header(writer: Any, packed: bool, lab: Lab) -> None:
    lab.ok("build", "--key", "ip_proto", "--type", "hash")
    inner, to = IP(dst="10.0.0.1"), Ether(dst="02:00:00:00:00:01")
    kinds = {
        "icmp": to / inner / ICMP() / IP() / UDP(),
        "tcp": to / Dot1AD(vlan=2) / Dot1Q(vlan=3) / inner / TCP(),
        "udp": to / inner / UDP() / VXLAN() / Ether() / IP() / TCP(),
        "gre": to / inner / GRE() / IP() / UDP(),
        "ipip": to / inner / IP() / TCP(),
        "icmpv6": to / IPv6(dst="2001:db8::1") / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest(),
        "none": to / ARP(pdst="10.0.0.1"),
    }
    with writer(str(lab.directory / "x")) as out:
        for times, packet in enumerate(kinds.values(), 1):
            for _ in range(10 * times):
                out.write(packet)
    if packed:
        (lab.directory / "x").write_bytes(gzip.compress((lab.directory / "x").read_bytes()))
    counted = {name: (None, 10 * times) for times, name in enumerate(kinds, 1)}
    assert changed(read(lab, "--pcap", "x"), "pkt_cnt") == counted


@pytest.mark.parametrize("cut", [1, 60, 75])
def test_one_that_is_cut_off_gives_its_whole_packets(cut: int, built: Lab) -> None:
    path = built.directory / "x.pcap"
    pcap(path, [frame(0x0806, 60)] * 30)
    path.write_bytes(path.read_bytes()[:-cut])
    done = built.xdpctl("run", "--pcap", "x.pcap")
    assert done.returncode == 0
    assert done.stderr == "x.pcap is cut off at packet 30: running the packets before that\n"
    assert done.stdout.startswith("VERDICT   PACKETS  BYTES  CHANGED\nXDP_PASS       29   1740        0\n")


@pytest.mark.parametrize(
    ("behind", "says"),
    [
        (bytes(1 << 24), "from there on it holds zeros"),
        (struct.pack("<IIII", 1, 2, 1 << 30, 60), "it says that it has 1073741824 bytes"),
        (None, "another capture begins there"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_one_that_is_damaged_gives_its_packets_up_to_there(
    behind: bytes | None, says: str, pack: Any, built: Lab
) -> None:
    path = built.directory / "x.pcap"
    pcap(path, [frame(0x0806, 60)] * 29)
    whole = path.read_bytes()
    path.write_bytes(pack(whole) + pack(whole if behind is None else behind))
    done = built.xdpctl("run", "--pcap", "x.pcap")
    assert done.returncode == 0
    assert done.stderr == f"x.pcap is damaged at packet 30: {says}: running the packets before that\n"
    assert done.stdout.startswith("VERDICT   PACKETS  BYTES  CHANGED\nXDP_PASS       29   1740        0\n")


def test_those_of_ethernet_are_run_beside_others(built: Lab) -> None:
    packets = [(i % 2, f) for i, f in enumerate(MANY)]
    (built.directory / "x.pcapng").write_bytes(pcapng((1, 113), packets))
    said = read(built, "--pcap", "x.pcapng")
    assert said["not_run"] == [
        {"reason": "recorded with link type 113 (Linux cooked), not Ethernet", "packets": 300}
    ]
    assert changed(said, "pkt_cnt") == {"arp": (None, 100), "ipv4": (None, 200)}
    (built.directory / "x.pcapng").write_bytes(pcapng((113,), [(0, MANY[0])]))
    says = "holds no packet that can be run\n  1 is recorded with link type 113 (Linux cooked), not Ethernet"
    built.refused(2, says, "run", "--pcap", "x.pcapng")


def test_frame_check_sequences_are_not_the_program_s(built: Lab) -> None:
    path = built.directory / "x.pcap"
    pcap(path, [frame(0x0806, 64)] * 30)
    for told, bytes_ in ((0x30000001, 64), (0x24000001, 60)):
        path.write_bytes(path.read_bytes()[:20] + struct.pack("<I", told) + path.read_bytes()[24:])
        assert read(built, "--pcap", "x.pcap")["verdicts"][0]["bytes"] == 30 * bytes_


def test_gzip_and_what_is_wrong_with_it(built: Lab) -> None:
    path = built.directory / "x.pcap"
    pcap(path, MANY)
    whole = path.read_bytes()
    (built.directory / "x.pcap.gz").write_bytes(gzip.compress(whole))
    assert changed(read(built, "--pcap", "x.pcap.gz"), "pkt_cnt") == COUNTED
    packed = gzip.compress(whole, compresslevel=0)
    (built.directory / "x.pcap.gz").write_bytes(packed[: len(packed) // 2])
    done = built.xdpctl("run", "--pcap", "x.pcap.gz")
    assert "x.pcap.gz is cut off where it is packed: running the packets before that" in done.stderr
    assert 290 < int(done.stdout.split()[5]) < 310
    (built.directory / "x.pcap.gz").write_bytes(packed[:-8] + bytes(8))
    built.refused(2, "x.pcap.gz is damaged where it is packed", "run", "--pcap", "x.pcap.gz")


@pytest.mark.parametrize("named", ["-", "/dev/stdin", "fifo"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe(named: str, pack: object, built: Lab) -> None:
    pcap(built.directory / "x.pcap", MANY)
    (built.directory / "x").write_bytes(pack((built.directory / "x.pcap").read_bytes()))  # type: ignore[operator]
    run = f"{sys.executable} -m xdpctl run --json --pcap {named}"
    fed = f"mkfifo fifo; cat x >fifo & {run}" if named == "fifo" else f"cat x | {run}"
    done = built.must("sh", "-c", fed)
    assert '"verdicts":[{"verdict":"XDP_PASS","packets":600' in done
    built.refused(2, "/dev/zero is neither a file nor a pipe", "run", "--pcap", "/dev/zero")


def test_many_packets_are_run_without_a_process_each(built: Lab) -> None:
    pcap(built.directory / "x.pcap", MANY)
    done = built.xdpctl("--show-commands", "run", "--pcap", "x.pcap")
    shown = done.stderr.splitlines()
    assert sum(line.startswith("# bpf_prog_test_run_opts of libbpf, on program id ") for line in shown) == 1
    assert not any("bpftool -j -n batch" in line for line in shown)
    planned = built.xdpctl("--dry-run", "run", "--pcap", "x.pcap").stderr
    assert planned == "this is for 3 of 600 packets, the others would be run through libbpf\n"


def test_without_libbpf_bpftool_runs_them_all(built: Lab) -> None:
    pcap(built.directory / "x.pcap", MANY)
    code = """
import sys
from xdpctl import cli
from xdpctl.tools import libbpf
libbpf.NAMES = ()
sys.exit(cli.execute(sys.argv[1:]))
"""
    command = (sys.executable, "-c", code, "--show-commands", "run", "--pcap", "x.pcap")
    done = built.run(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split()[:2] == ["XDP_PASS", "600"]
    assert sum("bpftool -j -n batch" in line for line in done.stderr.splitlines()) == 2
