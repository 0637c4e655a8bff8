"""Presets do what they say, and so do the commands that their comments name."""

import re
from ipaddress import IPv4Address

import pytest

from xdpctl.core.program.parts import PACKET_HEADER
from xdpctl.tools.files.assets import TEMPLATES

from ..reference.facts import IPV4, IPV6
from ..reference.packets import ethernet, ipv4, ipv6, upper
from .conftest import PIN, Lab
from .wire import arrive, send

PRESETS = {path.stem: path.read_text() for path in sorted((TEMPLATES / "presets").glob("*.toml"))}
FRAMES = [
    ethernet(IPV4, ipv4(6, upper(1000, 443, flags=0x02))),
    ethernet(IPV4, ipv4(6, upper(1000, 443, flags=0x02))),
    ethernet(IPV6, ipv6(17, upper(1001, 53))),
    ethernet(0x88B5, bytes(46)),
]
SIZE = sum(map(len, FRAMES))
BY_ADDRESS = {"10.0.0.1": 2, "2001:db8::1": 1, "none": 1}
COUNTED: dict[str, dict[str, dict[str, int]]] = {
    "lesson-1": {"pkt_cnt": {"0": 4}},
    "lesson-2": {"xdp_stats_map": {"XDP_PASS": 4}},
    "lesson-3": {"xdp_stats_map": {"XDP_PASS": 4}},
    "lesson-4": {"protocols": {"tcp": 2, "udp": 1, "none": 1}},
    "lesson-5": {"actions": {"XDP_PASS": 4}, "config": {}},
    "per-protocol": {"protocols": {"tcp": 2, "udp": 1, "none": 1}},
    "top-talkers": {"talkers": BY_ADDRESS, "talkers_all": {"0": 4}},
    "port-scan-watch": {
        "knocks": {"10.0.0.1 syn 443": 2, "2001:db8::1 none 53": 1, "none none none": 1},
        "knocks_all": {"0": 4},
    },
    "drop-list": {
        "drop_list": {},
        "actions": {"XDP_PASS": 4},
    },
    "redirect-pair": {"tx_port": {}, "wire": {"2 XDP_PASS": 4}},
}
"""Packets by key, of each map of each preset."""


def packets(lab: Lab, name: str) -> dict[str, int]:
    """What a dump says, without the elements that are zero."""
    found = {}
    for entry in lab.read(name)["entries"]:
        key, value = entry["key"], entry["value"]
        words = key.values() if isinstance(key, dict) else [key]
        found[" ".join(map(str, words))] = value["packets"] if isinstance(value, dict) else value
    return {key: number for key, number in found.items() if number}


def test_all_are_named(lab: Lab) -> None:
    named = [line.split()[0] for line in lab.ok("new", "--list").splitlines()[1:]]
    assert sorted(named) == sorted(PRESETS) == sorted(COUNTED)


@pytest.mark.parametrize("preset", PRESETS)
def test_each_counts_what_was_sent(lab: Lab, preset: str) -> None:
    lab.ok("new", "--from", preset)
    lab.ok("build", f"{preset}.toml", "--out", "mine")
    lab.ok("build", "--preset", preset)
    mine, built = (
        {path.name: path.read_bytes() for path in (lab.directory / out).iterdir()} for out in ("mine", "bpf")
    )
    assert {name.rpartition(".bpf")[2] for name in built} - {PACKET_HEADER} == {".c", ".o"}
    assert mine == built
    lab.ok("load", "--dev", "veth0")
    send(lab, FRAMES)
    maps = [name for name in lab.must("ls", PIN).split() if f"{name}.bpf.o" not in built]
    assert {name: packets(lab, name) for name in maps} == COUNTED[preset]


def commands(preset: str) -> list[str]:
    """The command lines in a preset's comments that change or show its maps."""
    return re.findall(r"^#   ((?:bpftool|xdpctl map) .*)$", PRESETS[preset], re.MULTILINE)


def run(lab: Lab, line: str) -> str:
    program, *words = line.split()
    return lab.ok(*words) if program == "xdpctl" else lab.must(program, *words)


def test_every_command_in_a_comment_is_tried() -> None:
    tried = {"lesson-4", "lesson-5", "drop-list", "redirect-pair"}
    assert {name for name in PRESETS if commands(name)} == tried


def load(lab: Lab, preset: str, *options: str) -> None:
    lab.ok("build", "--preset", preset)
    lab.ok("load", *options)


def pings(lab: Lab) -> bool:
    inside = ("nsenter", "--net=/run/netns/peer")
    return lab.run(*inside, "ping", "-qc2", "-i.02", "-W.2", "10.77.0.1").returncode == 0


def test_lesson_5_drops_icmp_while_it_runs(lab: Lab) -> None:
    load(lab, "lesson-5", "--dev", "veth0")
    assert pings(lab)
    ours, in_bytes = commands("lesson-5")
    for n, update in enumerate((ours, in_bytes), 1):
        run(lab, update)
        assert lab.dump("config") == {"icmp": "XDP_DROP"}
        assert not pings(lab)
        send(lab, FRAMES)
        assert packets(lab, "actions") == {"XDP_DROP": 2 * n, "XDP_PASS": n * (2 + len(FRAMES))}
        lab.ok("map", "delete", "config", "icmp")
        assert pings(lab)


def test_lesson_4_is_about_elements(lab: Lab) -> None:
    load(lab, "lesson-4", "--dev", "veth0")
    send(lab, FRAMES)
    said = "\n".join(run(lab, line) for line in commands("lesson-4"))
    assert "BPF_F_NO_PREALLOC" in said or "no_prealloc" in said
    assert packets(lab, "protocols") == {"udp": 1, "none": 1}


def test_drop_list_drops_a_prefix(lab: Lab) -> None:
    load(lab, "drop-list", "--dev", "veth0")
    inside, outside = (
        [ethernet(IPV4, ipv4(17, upper(), src=IPv4Address(address))) for address in addresses.split()]
        for addresses in ("10.1.0.0 10.1.255.255 10.1.2.3", "10.0.255.255 10.2.0.0")
    )
    outside += [ethernet(IPV6, ipv6(17, upper())), ethernet(0x88B5, bytes(46))]
    arrive(lab, inside + outside, {"veth0": inside + outside})
    wide, narrow = commands("drop-list")
    run(lab, wide)
    assert lab.dump("drop_list") == {"10.1.0.0/16": "XDP_DROP"}
    arrive(lab, inside + outside, {"veth0": outside})
    assert packets(lab, "actions") == {"XDP_DROP": 3, "XDP_PASS": 3 + 2 * 4}
    run(lab, narrow)
    arrive(lab, inside, {"veth0": inside[2:]})


PAIRS = """
for n in 7 8; do
    ip link add veth$n index $n up type veth peer name end$n netns peer
    ip -n peer link set end$n up
done
"""


@pytest.mark.parametrize("mode", ["native", "generic"])
def test_redirect_pair_is_a_wire(lab: Lab, mode: str) -> None:
    """In native mode, the far ends take what is redirected if a program runs on them too."""
    lab.must("sh", "-ec", PAIRS)
    if mode == "native":
        lab.ok("build", "--program", "xdp_end", "--out", "end")
        far = ("--pin", "/sys/fs/bpf/end")
        lab.ok("--netns", "peer", "load", "end/xdp_end.bpf.o", *far, "--dev", "end7")
        lab.ok("--netns", "peer", "attach", "end8", *far)
    load(lab, "redirect-pair", "--dev", "veth7", "--mode", mode)
    lab.ok("attach", "veth8", "--mode", mode)
    arrive(lab, FRAMES, {"peer:end8": [], "veth7": FRAMES}, "end7")
    there, back = commands("redirect-pair")
    run(lab, there)
    arrive(lab, FRAMES, {"peer:end8": FRAMES, "veth7": []}, "end7")
    arrive(lab, FRAMES[:1], {"peer:end7": [], "veth8": FRAMES[:1]}, "end8")
    run(lab, back)
    arrive(lab, FRAMES[:3], {"peer:end7": FRAMES[:3], "veth8": []}, "end8")
    assert packets(lab, "tx_port") == {"7": 8, "8": 7}
    assert lab.xdpctl("dump", "tx_port", "--csv").stdout == "key,value\n7,8\n8,7\n"
    assert packets(lab, "wire") == {
        "7 XDP_PASS": 4,
        "7 XDP_REDIRECT": 4,
        "8 XDP_PASS": 1,
        "8 XDP_REDIRECT": 3,
    }
