"""xdpctl send on a veth pair: what goes out, what arrives and what is counted are the same number."""

import json
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE, XDPCTL, Lab, until
from .wire import frames_of

SEND = ("--netns", "peer", "send", "veth1")
TOTAL = '[[counter]]\ntype = "percpu_array"\nfields = ["packets", "bytes"]\n'
BY_FLOW = 'verdict = "drop"\n[[counter]]\ntype = "hash"\nkey = "flow"\nmax_entries = 100000\n'
BY_SENDER = '[[counter]]\ntype = "hash"\nkey = "src_mac"\nmax_entries = 1000\n'
MILLION = 1_000_000

LISTENER = """
import socket, sys
RCVBUFFORCE = 33
device, count = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
    s.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 1 << 26)
    s.bind((device, 3))
    print("ready", flush=True)
    frames = []
    while len(frames) < count:
        data, address = s.recvfrom(65536)
        if address[2] != 4:
            frames.append(data.hex())
print(*frames, sep="\\n")
"""


WITHOUT = """
import sys
from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import live_frames
{}
from xdpctl.cli import execute
sys.exit(execute(sys.argv[1:]))
"""


def sent(lab: Lab, *options: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(lab.ok(*SEND, *options, "--json"))
    return said


def counted(lab: Lab) -> tuple[int, int]:
    [entry] = lab.read("pkt_cnt")["entries"]
    return entry["value"]["packets"], entry["value"]["bytes"]


def pcap(path: Path, frames: Sequence[bytes]) -> str:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    each = (struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)
    path.write_bytes(head + b"".join(each))
    return path.name


@pytest.mark.parametrize("verdict", ["pass", "drop"])
def test_a_million_at_full_speed(lab: Lab, verdict: str) -> None:
    lab.load_spec(f'verdict = "{verdict}"\n{TOTAL}')
    said = sent(lab, "--packet", "udp", "--count", str(MILLION))
    assert said["packets"] == MILLION
    assert said["bytes"] == 71 * MILLION
    assert said["live_frames"]
    assert said["received"]["packets"] == MILLION - said["lost"]
    assert counted(lab) == (MILLION - said["lost"], 71 * (MILLION - said["lost"]))
    assert said["received"]["xdp"]["dropped"] == (0 if verdict == "pass" else said["received"]["packets"])


def test_it_is_told_in_words(lab: Lab) -> None:
    lab.load_spec(f'verdict = "drop"\n{TOTAL}')
    told = lab.ok(*SEND, "--packet", "icmp", "--count", "2").splitlines()
    assert told[0].startswith("sent 2 packets, 196 bytes out of veth1 in netns peer in 0.0")
    assert told[1:] == ["veth0 received 2 packets; by its program: 2 dropped"]


@pytest.mark.parametrize(("rate", "count", "live"), [("2k", 1000, False), ("100k", 50_000, True)])
def test_at_a_rate(lab: Lab, rate: str, count: int, live: bool) -> None:
    """It takes as long as it should, also as a clock beside it sees it."""
    lab.load_spec(TOTAL)
    began = time.monotonic()
    said = sent(lab, "--packet", "udp", "--rate", rate, "--count", str(count))
    assert time.monotonic() - began >= 0.5
    assert said["live_frames"] == live
    assert 0.4 < said["seconds"] < 0.5 * PATIENCE
    assert counted(lab)[0] == count == said["received"]["packets"] + said["lost"]


@pytest.mark.parametrize(("count", "live"), [(200, False), (100_000, True)])
@pytest.mark.parametrize("kind", ["udp", "tcp", "icmp"])
def test_flows(lab: Lab, kind: str, count: int, live: bool) -> None:
    """All of them have as many packets."""
    lab.load_spec(BY_FLOW)
    said = sent(lab, "--packet", kind, "--flows", "100", "--count", str(count))
    assert (said["live_frames"], said["lost"]) == (live, 0)
    values = [entry["value"] for entry in lab.read("pkt_cnt")["entries"]]
    assert values == [count // 100] * 100


@pytest.mark.parametrize(("count", "options"), [(8, ()), (1001, ("--rate", "60k"))], ids=["socket", "live"])
def test_packets_of_a_capture_in_their_order(lab: Lab, count: int, options: Sequence[str]) -> None:
    """After the last, the first comes again; lengths differ, and short ones aren't padded."""
    lab.load_spec(TOTAL)
    frames = frames_of(60, 1514, 14, 300, 61)
    name = pcap(lab.directory / "some.pcap", frames)
    command = lab.enter(sys.executable, "-c", LISTENER, "veth0", str(count))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        said = sent(lab, "--pcap", name, "--count", str(count), *options)
        arrived = listener.communicate(timeout=PATIENCE)[0].split()
    assert said["live_frames"] == bool(options)
    assert arrived == [frames[number % 5].hex() for number in range(count)]


def test_a_capture_larger_than_what_is_held(lab: Lab) -> None:
    lab.load_spec('verdict = "drop"\n[[counter]]\ntype = "percpu_array"\nkey = "length"\n')
    frames = frames_of(*([1500] * 30_000), 100, 200, 400)
    name = pcap(lab.directory / "large.pcap", frames)
    said = sent(lab, "--pcap", name, "--count", str(2 * len(frames)))
    assert (said["live_frames"], said["lost"]) == (True, 0)
    found = {key: value for key, value in lab.dump().items() if value}
    assert found == {"64-127": 2, "128-255": 2, "256-511": 2, "1024-2047": 60_000}


def test_what_a_receiver_does_to_packets_is_not_sent_again(lab: Lab) -> None:
    """The kernel uses its pages again, and XDP_TX swaps the addresses in them."""
    lab.load_spec(f'verdict = "tx"\n{BY_SENDER}')
    said = sent(lab, "--packet", "icmp", "--count", "50000")
    assert said["live_frames"]
    assert lab.dump() == {"02:00:00:00:00:02": 50_000 - said["lost"]}


def test_where_live_frames_find_nobody(lab: Lab) -> None:
    """Without a native program or GRO at the other end they would be lost, all of them."""
    done = lab.xdpctl(*SEND, "--packet", "udp", "--count", "3000", "--json")
    assert done.stderr == (
        "veth0 takes no live frames, without a native program or GRO: sending through a packet socket, "
        "which is slower\n"
    )
    said = json.loads(done.stdout)
    assert (said["live_frames"], said["lost"], said["received"]["packets"]) == (False, 0, 3000)


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ("libbpf.NAMES = ()", "live frames need libbpf 0.7 or newer: "),
        (
            "live_frames._LIVE = 1 << 9",
            "the kernel refuses live frames, which Linux 5.18 brought (bpf_prog_t",
        ),
    ],
    ids=["no libbpf", "an old kernel"],
)
def test_without_live_frames(lab: Lab, lacking: str, words: str) -> None:
    lab.load_spec(TOTAL)
    options = "--packet", "udp", "--flows", "3", "--count", "3000", "--json"
    done = lab.run(sys.executable, "-c", WITHOUT.format(lacking), *SEND, *options)
    assert done.returncode == 0
    assert done.stderr.startswith(words)
    said = json.loads(done.stdout)
    assert (said["live_frames"], said["packets"], said["received"]["packets"]) == (False, 3000, 3000)
    assert counted(lab) == (3000, 213_000)


def begin(lab: Lab, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        lab.enter(XDPCTL, *SEND, "--packet", "udp", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def received(lab: Lab) -> int:
    found: int = json.loads(lab.must("ip", "-s", "-j", "link", "show", "dev", "veth0"))[0]["stats64"]["rx"][
        "packets"
    ]
    return found


@pytest.mark.parametrize("options", [(), ("--rate", "20"), ("--rate", "80k")], ids=" ".join)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_what_has_no_end(lab: Lab, options: Sequence[str], number: int) -> None:
    lab.load_spec(f'verdict = "drop"\n{TOTAL}')
    with begin(lab, *options, "--json") as sending:
        until(lambda: received(lab) > 2, sending)
        sending.send_signal(number)
        out, err = sending.communicate(timeout=PATIENCE)
    assert (sending.returncode, err) == (0, "sending out of veth1 in netns peer until Ctrl-C\n")
    said = json.loads(out)
    assert said["interrupted"]
    assert counted(lab)[0] == said["packets"] - said["lost"] == said["received"]["packets"]


def test_ctrl_c_before_all_is_sent(lab: Lab) -> None:
    with begin(lab, "--rate", "50", "--count", "100000") as sending:
        until(lambda: received(lab) > 2, sending)
        sending.send_signal(signal.SIGINT)
        out, err = sending.communicate(timeout=PATIENCE)
    assert sending.returncode == 130
    number = received(lab)
    assert err == f"xdpctl: interrupted after {number} of 100000 packets\n"
    assert out.startswith(f"sent {number} packets, ")


def test_what_is_lost_is_told(lab: Lab) -> None:
    """The program that took live frames is taken off meanwhile."""
    lab.load_spec(f'verdict = "drop"\n{TOTAL}')
    with begin(lab, "--json") as sending:
        until(lambda: received(lab) > 1000, sending)
        lab.ok("detach", "veth0")
        time.sleep(0.2)
        sending.send_signal(signal.SIGINT)
        said = json.loads(sending.communicate(timeout=PATIENCE)[0])
    assert said["lost"] > 0
    assert counted(lab)[0] == said["packets"] - said["lost"] == said["received"]["packets"]


def test_both_ends_here(lab: Lab) -> None:
    lab.must("sh", "-ec", "ip link add va type veth peer name vb; ip link set va up; ip link set vb up")
    said = json.loads(lab.ok("send", "va", "--packet", "arp", "--flows", "3", "--count", "6", "--json"))
    assert (said["packets"], said["received"]["device"], said["received"]["packets"]) == (6, "vb", 6)


def test_a_namespace_without_a_name(lab: Lab) -> None:
    """Its devices have the same numbers as those of others, and still the right end is found."""
    inside = lab.enter("unshare", "--net", "sh", "-c", "echo $$; exec cat")
    with subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        other = f"/proc/{holder.stdout.readline().strip()}/ns/net"
        lab.must("ip", "-n", "peer", "link", "set", "veth1", "netns", other.split("/")[2])
        lab.must("nsenter", f"--net={other}", "ip", "link", "set", "veth1", "up")
        said = json.loads(lab.ok("send", "veth0", "--packet", "udp", "--count", "5", "--json"))
        holder.stdin.close()
    assert (said["received"]["device"], said["received"]["packets"]) == ("veth1", 5)


@pytest.mark.parametrize(
    ("code", "words", "arguments"),
    [
        (2, "packets may leave this machine: lo is how this machine", "send lo --packet udp --count 1"),
        (2, "to send them all the same: --yes", "--netns peer send lo --packet udp --count 1"),
        (2, "there is no device 'veth9'\n  did you mean 'veth0'?", "send veth9 --packet udp"),
        (1, "down0 is down, so nothing can be sent\n  ip link set down0 up", "send down0 --packet udp"),
        (1, "up0 has no link: its other end is down", "send up0 --packet udp"),
        (2, "packet 1 can't be sent: it is shorter", "send veth0 --hex 0102"),
        (2, "packet 1 can't be sent: it is longer than the 1514 bytes", f"send veth0 --hex {'00' * 1515}"),
        (2, "tun0 sends no Ethernet frames: it is of type none", "send tun0 --packet udp --yes"),
    ],
)
def test_refused(lab: Lab, code: int, words: str, arguments: str) -> None:
    links = "ip link add down0 type veth peer name up0; ip link set up0 up; ip tuntap add tun0 mode tun"
    lab.must("sh", "-ec", links)
    lab.refused(code, words, *arguments.split())


def test_other_devices_of_a_lab(lab: Lab) -> None:
    """What lies on veth devices alone leads to no card; of lo itself only --yes makes a sender."""
    links = (
        "ip link add va type veth peer name vb; ip link add br0 type bridge; ip link set va master br0 up; "
        "ip link set vb up; ip link set br0 up; ip link add link veth0 name mac0 type macvlan; "
        "ip link set mac0 up"
    )
    lab.must("sh", "-ec", links)
    for device in ("br0", "mac0"):
        done = lab.xdpctl("send", device, "--packet", "udp", "--count", "2000")
        assert done.returncode == 0
        assert done.stdout.startswith(f"sent 2000 packets, 142000 bytes out of {device} in ")
        assert "received" not in done.stdout
        assert done.stderr.startswith(f"live frames are for veth devices, and {device} is none: sending ")
    assert lab.ok("send", "lo", "--packet", "udp", "--count", "1", "--yes").startswith("sent 1 packet, ")


def test_a_capture_that_can_be_sent_in_part(lab: Lab) -> None:
    name = pcap(lab.directory / "mixed.pcap", frames_of(60, 3000))
    done = lab.xdpctl(*SEND, "--pcap", name, "--count", "3", "--json")
    reason = "longer than the 1514 bytes that the device sends"
    assert done.stderr == f"not sent, because {reason}: 1 of the packets\n"
    said = json.loads(done.stdout)
    assert (said["packets"], said["bytes"]) == (3, 180)
    assert said["not_sent"] == [{"reason": reason, "packets": 1}]


def test_what_would_be_done(lab: Lab) -> None:
    before = received(lab)
    plan = lab.ok("--dry-run", *SEND, "--packet", "udp", "--count", "5")
    assert plan == "# send 5 packets out of veth1 in netns peer, through a packet socket\n"
    plan = lab.ok("--dry-run", *SEND, "--packet", "udp", "--rate", "1M")
    ways = "live frames of libbpf, or else a packet socket"
    assert plan == f"# send packets until Ctrl-C, 1e+06 a second out of veth1 in netns peer, through {ways}\n"
    assert received(lab) == before


def test_what_a_full_queue_refuses_is_told(lab: Lab) -> None:
    slow = "tbf rate 100kbit burst 1600 limit 3000"
    if lab.run("tc", "-n", "peer", "qdisc", "add", "dev", "veth1", "root", *slow.split()).returncode:
        pytest.skip("this kernel has no such queue")
    said = sent(lab, "--packet", "udp", "--count", "1000")
    assert said["packets"] == 1000
    assert 0 < said["received"]["packets"] <= 1000 - said["lost"] < 100


def test_the_calls_are_shown(lab: Lab) -> None:
    lab.load_spec(TOTAL)
    done = lab.xdpctl("--show-commands", *SEND, "--packet", "udp", "--count", "5000")
    expected = "# bpf_prog_test_run_opts of libbpf, with BPF_F_TEST_XDP_LIVE_FRAMES: a program that redirects"
    assert expected in done.stderr


def test_which_packets_are_counted(lab: Lab) -> None:
    """Several kinds go in turn."""
    lab.load_spec('verdict = "drop"\n[[counter]]\ntype = "percpu_array"\nkey = "ip_proto"\n')
    sent(lab, "--packet", "udp", "--packet", "icmp", "--packet", "tcp", "--count", "30000")
    found = Counter({key: value for key, value in lab.dump().items() if value})
    assert found == {"udp": 10_000, "icmp": 10_000, "tcp": 10_000}
