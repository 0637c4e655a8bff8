"""What happens to packets: who gets which, seen on the wire, and what is counted of them."""

import os
from ipaddress import IPv4Address

import pytest

from ..reference.facts import IPV4, IPV6
from ..reference.packets import MACS, ethernet, ipv4, ipv6, upper
from .conftest import PIN, Lab
from .wire import arrive, frames_of, udp

ACTIONS = """
[[counter]]
map = "actions"
type = "percpu_array"
key = "verdict"
[redirect]
fallback = "aborted"
[[rule]]
match = { dst_port = 1 }
verdict = "aborted"
[[rule]]
match = { dst_port = 2 }
verdict = "drop"
[[rule]]
match = { dst_port = 4 }
verdict = "tx"
[[rule]]
match = { dst_port = 5 }
verdict = "redirect"
"""
SECOND_PAIR = """
ip link add veth2 index 7 up type veth peer name veth3 netns peer
ip -n peer link set veth3 up
"""


@pytest.mark.parametrize("mode", ["native", "generic"])
def test_all_five_actions(lab: Lab, mode: str) -> None:
    """In native mode, the far ends take what is sent to them if a program runs there too."""
    lab.must("sh", "-ec", SECOND_PAIR)
    if mode == "native":
        lab.ok("build", "--program", "xdp_end", "--out", "end")
        far = ("--pin", "/sys/fs/bpf/end")
        lab.ok("--netns", "peer", "load", "end/xdp_end.bpf.o", *far, "--dev", "veth1")
        lab.ok("--netns", "peer", "attach", "veth3", *far)
    lab.load_spec(ACTIONS, mode=mode)
    lab.must(*f"bpftool map update pinned {PIN}/tx_port key 0 0 0 0 value 7 0 0 0".split())
    frames = {port: [udp(n, port) for n in range(port)] for port in (1, 2, 3, 4, 5)}
    answers = [frame[6:12] + frame[:6] + frame[12:] for frame in frames[4]]
    assert answers[0].startswith(MACS[1] + MACS[0])
    expected = {"veth0": frames[3], "peer:veth1": answers, "peer:veth3": frames[5]}
    arrive(lab, [frame for some in frames.values() for frame in some], expected)
    assert lab.dump("actions") == {
        "XDP_ABORTED": 1,
        "XDP_DROP": 2,
        "XDP_PASS": 3,
        "XDP_TX": 4,
        "XDP_REDIRECT": 5,
    }


RULES = """
[[counter]]
type = "hash"
key = ["verdict", "dst_port"]
[[rule]]
match = { ip_proto = ["tcp", "udp"], dst_port = "1-1023", src_ip = "10.0.0.0/8" }
verdict = "drop"
[[rule]]
match = { ip_proto = "tcp", tcp_flags = "syn/syn|ack", src_mac = "02:00:00:00:00:02", ttl = [1, 64] }
verdict = "aborted"
"""


def test_rules_of_several_keys(lab: Lab) -> None:
    """Frames that meet all conditions of a rule, and such that miss a single one."""
    lab.load_spec(RULES)
    elsewhere, somewhere = IPv4Address("11.0.0.1"), IPv4Address("10.255.0.1")
    syn, syn_ack = upper(5, 2000, flags=0x42), upper(5, 2001, flags=0x12)
    stopped = [
        udp(1, 53),
        udp(1, 1023, src=somewhere),
        ethernet(IPV4, ipv4(6, upper(1, 80, flags=0x10))),
        ethernet(IPV4, ipv4(6, syn)),
        ethernet(IPV6, ipv6(6, syn, ttl=1)),
    ]
    passed = [
        udp(1, 0),
        udp(1, 1024),
        udp(1, 54, src=elsewhere),
        ethernet(IPV4, ipv4(132, upper(1, 55))),
        ethernet(IPV6, ipv6(17, upper(1, 56))),
        ethernet(IPV4, ipv4(6, syn_ack)),
        ethernet(IPV4, ipv4(6, upper(5, 2002, flags=0x02)), src=MACS[2]),
        ethernet(IPV4, ipv4(6, upper(5, 2003, flags=0x02), ttl=65)),
        ethernet(0x88B5, bytes(46)),
    ]
    arrive(lab, stopped + passed, {"veth0": passed})
    found: dict[str, dict[object, int]] = {}
    for entry in lab.read("pkt_cnt")["entries"]:
        found.setdefault(entry["key"]["verdict"], {})[entry["key"]["dst_port"]] = entry["value"]
    assert found == {
        "XDP_DROP": {53: 1, 80: 1, 1023: 1},
        "XDP_ABORTED": {2000: 2},
        "XDP_PASS": dict.fromkeys((0, 1024, 54, 55, 56, 2001, 2002, 2003, "none"), 1),
    }


LENGTHS = """
[[counter]]
map = "lengths"
type = "percpu_array"
key = "length"
fields = ["packets", "bytes", "max_length"]
"""


def jumbo(lab: Lab) -> None:
    lab.must("ip", "link", "set", "veth0", "mtu", "9000")
    lab.must("ip", "-n", "peer", "link", "set", "veth1", "mtu", "9000")


def true_lengths(lab: Lab) -> None:
    """Jumbo frames arrive whole, and are counted as long as they are."""
    frames = frames_of(60, 8000, 9014)
    arrive(lab, frames, {"veth0": frames})
    assert {key: value for key, value in lab.dump("lengths").items() if value["packets"]} == {
        "32-63": {"packets": 1, "bytes": 60, "max_length": 60},
        "4096-8191": {"packets": 1, "bytes": 8000, "max_length": 8000},
        "8192-16383": {"packets": 1, "bytes": 9014, "max_length": 9014},
    }


def test_jumbo_frames_need_frags_in_native_mode(lab: Lab) -> None:
    jumbo(lab)
    (lab.directory / "spec.toml").write_text(LENGTHS)
    lab.ok("build", "spec.toml")
    lab.refused(1, "Peer MTU is too large", "load", "--dev", "veth0", "--mode", "native")
    lab.load_spec("frags = true" + LENGTHS)
    true_lengths(lab)


@pytest.mark.parametrize("frags", ["true", "false"])
def test_jumbo_frames_in_generic_mode(lab: Lab, frags: str) -> None:
    jumbo(lab)
    lab.load_spec(f"frags = {frags}" + LENGTHS, mode="generic")
    true_lengths(lab)


def test_few_messages_of_a_burst(lab: Lab) -> None:
    with lab.trace() as log:
        for name, options in (("all", ()), ("few", ("--printk-per-second", "1"))):
            lab.ok("build", "--printk", f"{name} of {os.getpid()}", *options)
            lab.ok("load", "--dev", "veth0")
            lab.send([60] * 200)
            assert lab.dump() == {0: 200}
            lab.ok("unload")
        said = lab.must("cat", log)
    assert said.count(f"all of {os.getpid()}") == 200
    assert 1 <= said.count(f"few of {os.getpid()}") < 10
