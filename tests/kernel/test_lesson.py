"""The first lesson, word for word: build, load, pin, attach, ping, dump, detach."""

import json

import pytest

from .conftest import PIN, Lab


def test_first_lesson(lab: Lab) -> None:
    assert lab.ok("build") == "wrote bpf/xdp_allow.bpf.c\nwrote bpf/xdp_allow.bpf.o\n"
    lab.ok("load", "--pin", PIN)
    assert lab.must("ls", PIN).split() == ["pkt_cnt", "xdp_allow"]

    empty = lab.xdpctl("dump", "pkt_cnt")
    assert empty.returncode == 0
    assert "empty" in empty.stderr
    assert lab.dump() == {}

    lab.ok("attach", "veth0")
    lab.ping(5)
    assert lab.dump() == {0: 5}
    lab.ping(7)
    assert lab.dump() == {0: 12}
    by_hand = json.loads(lab.must("bpftool", "-j", "map", "dump", "pinned", f"{PIN}/pkt_cnt"))
    assert [(e["formatted"]["key"], e["formatted"]["value"]) for e in by_hand] == [(0, 12)]

    [(_, program)] = lab.attached()
    lab.ok("detach", "veth0")
    assert lab.attached() == []
    lab.ping(1)
    assert lab.dump() == {0: 12}
    lab.ok("unload")
    assert lab.pins() == []
    assert not lab.program_exists(program)


@pytest.mark.parametrize("mode", ["native", "generic"])
def test_load_and_attach_at_once(lab: Lab, mode: str) -> None:
    lab.ok("build")
    said = lab.ok("load", "--dev", "veth0", "--mode", mode)
    assert f"to veth0 in {mode} mode" in said
    [(number, program)] = lab.attached()
    assert number == {"native": 1, "generic": 2}[mode]
    lab.ping(3)
    assert lab.dump() == {0: 3}
    assert f"runs on veth0 in {mode} mode" in lab.ok("status")

    said = lab.ok("unload")
    assert "detached from veth0" in said
    assert lab.pins() == []
    assert lab.attached() == []
    assert not lab.program_exists(program)


def test_auto_prefers_native(lab: Lab) -> None:
    lab.ok("build")
    lab.ok("load")
    assert "in native mode" in lab.ok("attach", "veth0")


def test_auto_falls_back_and_says_so(lab: Lab) -> None:
    """A peer with jumbo frames refuses native mode."""
    lab.must("nsenter", "--net=/run/netns/peer", "ip", "link", "set", "veth1", "mtu", "9000")
    lab.ok("build")
    done = lab.xdpctl("load", "--dev", "veth0")
    assert done.returncode == 0
    assert "Peer MTU is too large" in done.stderr
    assert "in generic mode" in done.stdout
    assert lab.attached()[0][0] == 2
    lab.ping(2)
    assert lab.dump() == {0: 2}


def test_bpffs_is_mounted_where_nothing_is(lab: Lab) -> None:
    lab.must("umount", "/sys/fs/bpf")
    lab.ok("build")
    lab.ok("load")
    assert lab.must("ls", PIN).split() == ["pkt_cnt", "xdp_allow"]


def test_pins_elsewhere(lab: Lab) -> None:
    lab.ok("build")
    lab.ok("load", "--pin", "/sys/fs/bpf/a/b", "--dev", "veth0")
    lab.ping(2)
    assert lab.dump("/sys/fs/bpf/a/b/pkt_cnt") == {0: 2}
    assert lab.dump("pkt_cnt", "--pin", "/sys/fs/bpf/a/b") == {0: 2}
    assert lab.dump("pkt_cnt") == {0: 2}, "found in all of bpffs"
    lab.ok("unload", "--pin", "/sys/fs/bpf/a/b")
    assert lab.pins() == ["/sys/fs/bpf/a"]


def test_pin_directory_from_the_environment(lab: Lab) -> None:
    lab.ok("build")
    done = lab.xdpctl("load", env={"XDPCTL_PIN": "/sys/fs/bpf/mine"})
    assert done.returncode == 0
    assert lab.must("ls", "/sys/fs/bpf/mine").split() == ["pkt_cnt", "xdp_allow"]
