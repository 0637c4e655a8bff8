"""Pins that are hidden, or have gone."""

import pytest
from msgspec import structs

from xdpctl.core.machine.model import Map
from xdpctl.core.why import chain
from xdpctl.core.why.snapshot import DevicePlace

from .scenes import BPFFS, PIN, VETH0, broken, counter, device, program, scene


def test_no_bpffs_and_a_hidden_one() -> None:
    mounts = ((), (BPFFS, BPFFS), (BPFFS,))
    elsewhere = program(pin="/mnt/bpf/x/xdp_allow")
    beneath = (structs.replace(elsewhere, pinned=(f"{PIN}/xdp_allow",)),)
    found = [
        chain.at_once(structs.replace(scene(programs=(elsewhere,), maps=(), mounted=m), uncovered=beneath))
        for m in mounts
    ]
    assert [broken(one).cause for one in found] == ["no bpffs", "hidden pins", "pinned elsewhere"]
    assert broken(found[1]).says.endswith(f"a second bpffs lies over the first and hides {PIN}/xdp_allow")
    assert broken(found[1]).mend == "umount /sys/fs/bpf"
    assert broken(chain.at_once(scene(programs=(), maps=(), mounted=()))).cause == "no program"


def test_a_second_bpffs_that_hides_nothing() -> None:
    """Somebody's program without pins, in a container or on no device, is no sign of pins beneath."""
    theirs = structs.replace(program(9), pinned=())
    doubled = scene(DevicePlace(device("veth0")), programs=(theirs,), maps=(), mounted=(BPFFS, BPFFS))
    for beneath in ((), (theirs,), None):
        found = broken(chain.at_once(structs.replace(doubled, uncovered=beneath)))
        assert (found.cause, found.mend) == ("no program", "xdpctl load --dev veth0")


def test_a_second_bpffs_beneath_which_nothing_can_be_seen() -> None:
    mine = structs.replace(program(), pinned=())
    running = scene(programs=(mine,), maps=(UNPINNED,), mounted=(BPFFS, BPFFS))
    unseen = structs.replace(running, uncovered=None)
    found = broken(chain.at_once(unseen))
    assert found.says == (
        f"nothing is pinned in {PIN}: a second bpffs lies over the first and may hide the pins of "
        "xdp_allow (id 7)"
    )
    assert found.mend == "umount /sys/fs/bpf"
    assert broken(chain.at_once(running)).cause == "not pinned"


def test_a_second_bpffs_that_holds_pins_is_not_unmounted() -> None:
    mine = program(pin="/sys/fs/bpf/mine/xdp_allow")
    other = structs.replace(counter(30), pinned=("/sys/fs/bpf/else/other",))
    both = scene(programs=(structs.replace(mine, pinned=()),), maps=(UNPINNED, other), mounted=(BPFFS, BPFFS))
    found = broken(chain.at_once(structs.replace(both, uncovered=(mine,))))
    assert found.mend == ("unshare --mount --propagation private sh -c 'umount /sys/fs/bpf && xdpctl status'")


UNPINNED = counter(pinned=False)


@pytest.mark.parametrize("asked", [VETH0, UNPINNED])
def test_pins_that_have_gone(asked: Map | DevicePlace) -> None:
    nowhere = structs.replace(program(), pinned=())
    found = broken(chain.at_once(scene(programs=(nowhere,), maps=(UNPINNED,), asked=asked)))
    assert (found.link, found.cause) == ("pinned", "not pinned")
    assert found.says == (
        "xdp_allow (id 7, native mode) runs on veth0, but xdp_allow and pkt_cnt are not pinned: "
        "until it goes, `xdpctl dump` reads pkt_cnt as id:25"
    )
    assert found.mend == (
        f"mkdir -p {PIN} && bpftool prog pin id 7 {PIN}/xdp_allow && bpftool map pin id 25 {PIN}/pkt_cnt"
    )
    theirs = structs.replace(nowhere, metadata={})
    assert chain.at_once(scene(programs=(theirs,), maps=(UNPINNED,), asked=asked)) is None


@pytest.mark.parametrize("asked", [None, VETH0, UNPINNED])
def test_only_the_pin_of_a_map_has_gone(asked: Map | DevicePlace | None) -> None:
    mine = program(pin="/sys/fs/bpf/mine/xdp_allow")
    one = structs.replace(scene(programs=(mine,), maps=(UNPINNED,), asked=asked), pin="/sys/fs/bpf/mine")
    found = broken(chain.at_once(one))
    assert (found.cause, found.mend) == (
        "not pinned",
        "mkdir -p /sys/fs/bpf/mine && bpftool map pin id 25 /sys/fs/bpf/mine/pkt_cnt",
    )
    assert "runs on veth0, but pkt_cnt is not pinned: " in found.says


def test_of_several_maps_only_the_one_that_is_asked_about_needs_its_pin() -> None:
    both = (counter(), counter(26, "actions", pinned=False), counter(27, "xdp_allo.bss", pinned=False))
    two = scene(programs=(program(7, 25, 26, 27),), maps=both)
    assert chain.at_once(structs.replace(two, asked=both[0])) is None
    for asked in (None, VETH0, both[1]):
        found = broken(chain.at_once(structs.replace(two, asked=asked)))
        assert found.mend == f"mkdir -p {PIN} && bpftool map pin id 26 {PIN}/actions"
    idle = DevicePlace(device("veth0"))
    found = broken(chain.at_once(structs.replace(two, places=(idle,), asked=both[1])))
    assert found.says.startswith("xdp_allow (id 7) is loaded, but actions is not pinned")
