"""Why nothing is printed: the first cause that holds, and what to do about it."""

import pytest

from xdpctl.core.trace.why_silent import Printer, why

MUTE, IDLE = Printer("mute", False, ("veth0",)), Printer("idle", True)
RUNS = Printer("runs", True, ("veth0", "veth1 in netns peer"))
SWITCH = "/sys/kernel/tracing/instances/x/tracing_on"


@pytest.mark.parametrize(
    ("switch", "programs", "wanted", "reason", "remedy"),
    [
        (SWITCH, [RUNS], "", "somebody has switched this trace log off", f"echo 1 > {SWITCH}"),
        ("", [], "", "no XDP program is loaded", "xdpctl build --printk seen; xdpctl load --dev DEVICE"),
        ("", [], "runs", "runs isn't loaded any more", "xdpctl load"),
        ("", [MUTE], "", "mute never calls bpf_printk", "xdpctl build --printk seen"),
        (
            "",
            [MUTE, Printer("", False), MUTE],
            "",
            "none of the loaded XDP programs (mute, unnamed) calls bpf_printk",
            "xdpctl build --printk seen",
        ),
        ("", [MUTE, IDLE], "", "idle prints, but runs on no device", "xdpctl attach DEVICE"),
        ("", [IDLE, IDLE], "", "idle print, but run on no device", "xdpctl attach DEVICE"),
        (
            "",
            [MUTE, IDLE, RUNS],
            "",
            "no packet has come in that makes a program print: runs on veth0, veth1 in netns peer",
            "ip -s link show dev veth0\n",
        ),
    ],
)
def test_causes(switch: str, programs: list[Printer], wanted: str, reason: str, remedy: str) -> None:
    found = why(switch, programs, wanted)
    assert found.reason == reason
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("veth1 in netns peer", "ip -n peer -s link show dev veth1"),
        ("eth0 in netns /proc/7/ns/net", "nsenter --net=/proc/7/ns/net ip -s link show dev eth0"),
    ],
)
def test_counters_in_other_namespaces(place: str, command: str) -> None:
    assert f": {command}\n" in why("", [Printer("p", True, (place,))], "").remedy


def test_many_programs_are_not_all_named() -> None:
    programs = [Printer(f"p{n}", False) for n in range(5)]
    assert "(p0, p1, p2 and 2 more)" in why("", programs, "").reason
