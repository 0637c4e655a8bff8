"""Whose program is where."""

import pytest
from msgspec.structs import replace

from xdpctl.core.machine import owners
from xdpctl.core.machine.model import (
    AttachedProgram,
    Attachment,
    BpfLink,
    BtfId,
    Device,
    IpMode,
    Map,
    MapId,
    ProgId,
    Program,
    Xdp,
)
from xdpctl.errors import BadRequest

PIN = "/sys/fs/bpf/ebpf"


def program(
    number: int, *pins: str, type_: str = "xdp", ours: bool = False, maps: tuple[int, ...] = ()
) -> Program:
    return Program(
        ProgId(number),
        type_,
        name=f"p{number}",
        pinned=pins,
        metadata={"xdpctl": "counter"} if ours else {},
        map_ids=tuple(map(MapId, maps)),
    )


def attachment(number: int, name: str = "xdp_allow", mode: IpMode = IpMode.DRV) -> Attachment:
    return Attachment(mode, AttachedProgram(ProgId(number), name))


def device(*attached: Attachment) -> Device:
    return Device("eth1", xdp=Xdp(attached))


def test_the_program_of_a_directory_is_pinned_right_there() -> None:
    here, deeper, elsewhere = program(1, f"{PIN}/a"), program(2, f"{PIN}/x/b"), program(3, "/sys/fs/bpf/c")
    other = program(4, f"{PIN}/d", type_="sched_cls")
    assert owners.the_program((here, deeper, elsewhere, other), PIN) == here
    with pytest.raises(BadRequest, match=f"no XDP program is pinned in {PIN}"):
        owners.the_program((deeper, elsewhere, other), PIN)
    with pytest.raises(BadRequest, match=f"{PIN} holds several programs: {PIN}/a, {PIN}/e"):
        owners.the_program((here, program(5, f"{PIN}/e")), PIN)


def test_one_of_several_programs_is_named_by_its_pin_or_what_the_kernel_keeps_of_it() -> None:
    short, long = program(1, f"{PIN}/a"), program(2, f"{PIN}/a_name_that_is_cut")
    for name in ("a_name_that_is_cut", "a_name_that_is_"):
        assert owners.the_program((short, long), PIN, name) == long
    assert owners.the_program((short, long), PIN, "a") == short
    with pytest.raises(BadRequest, match=f"there is no XDP program 'b' in {PIN}"):
        owners.the_program((short, long), PIN, "b")


def test_programs_of_one_object_belong_to_whoever_names_their_directory() -> None:
    mine = [replace(program(i, f"{PIN}/{i}"), btf_id=BtfId(7)) for i in (1, 2)]
    assert owners.ids(owners.yours(mine, PIN, is_root=False)) == {1, 2}
    assert owners.yours([*mine, program(3, f"{PIN}/other")], PIN, is_root=False) == ()
    assert owners.yours(mine, PIN, is_root=True) == ()


@pytest.mark.parametrize(
    ("pin", "ours", "is_libxdps"),
    [
        ("", False, True),
        ("/sys/fs/bpf/xdp_dispatcher", False, True),
        (f"{PIN}/xdp_dispatcher", False, False),
        ("", True, False),
    ],
)
def test_a_dispatcher_is_libxdps_unless_xdpctl_loaded_it(pin: str, ours: bool, is_libxdps: bool) -> None:
    found = replace(program(1, *filter(None, [pin]), ours=ours), name="xdp_dispatcher")
    assert owners.is_dispatcher(found, [found]) is is_libxdps
    assert not owners.is_dispatcher(replace(found, name="other"), [])


def test_the_pins_of_a_program_are_its_own_and_those_of_its_maps_in_that_directory() -> None:
    maps = (
        Map(MapId(7), pinned=(f"{PIN}/m", "/sys/fs/bpf/elsewhere")),
        Map(MapId(8), pinned=(f"{PIN}/foreign",)),
    )
    mine = program(1, "/sys/fs/bpf/too", f"{PIN}/a", maps=(7,))
    assert owners.pins_of(mine, maps, PIN) == (f"{PIN}/a", f"{PIN}/m")


@pytest.mark.parametrize(
    ("attached", "programs", "links", "expected"),
    [
        (
            attachment(1),
            [program(1, ours=True)],
            [],
            "eth1 already runs xdp_allow (id 1, native mode), built by xdpctl\n"
            "detach it first: xdpctl detach eth1",
        ),
        (
            attachment(1),
            [program(1, f"{PIN}/a", ours=True)],
            [],
            f"eth1 already runs xdp_allow (id 1, native mode), built by xdpctl, pinned at {PIN}/a\n"
            f"detach it first: xdpctl detach eth1 --pin {PIN}",
        ),
        (
            attachment(1, mode=IpMode.SKB),
            [program(1), program(2, ours=True)],
            [BpfLink(5, "xdp", ProgId(2)), BpfLink(6, "tracing", ProgId(1))],
            "eth1 already runs xdp_allow (id 1, generic mode), not built by xdpctl\n"
            "detach it first: xdpctl detach eth1 --force",
        ),
        (
            attachment(1),
            [program(1)],
            [BpfLink(5, "xdp", ProgId(1))],
            "eth1 already runs xdp_allow (id 1, native mode), not built by xdpctl, "
            "perhaps held by bpf link 5\n"
            "let go of it: bpftool link detach id 5",
        ),
        (
            attachment(1, "xdp_dispatcher"),
            [],
            [],
            "eth1 already runs xdp_dispatcher (id 1, native mode), not built by xdpctl, "
            "held by libxdp's dispatcher\n"
            "unload its programs: xdp-loader status, xdp-loader unload",
        ),
        (
            attachment(1, ""),
            [],
            [],
            "eth1 already runs a program (id 1, native mode), not built by xdpctl\n"
            "detach it first: xdpctl detach eth1 --force",
        ),
    ],
)
def test_an_occupied_device_says_by_whom(
    attached: Attachment, programs: list[Program], links: list[BpfLink], expected: str
) -> None:
    assert str(owners.occupied(device(attached), programs, links)) == expected


def test_who_occupies_a_device_cannot_be_seen_without_root() -> None:
    refusal = owners.occupied(device(attachment(1)), None, ())
    assert str(refusal) == (
        "eth1 already runs xdp_allow (id 1, native mode)\ndetach it first: xdpctl detach eth1"
    )


def test_a_foreign_program_is_detached_only_by_force() -> None:
    refusal = owners.foreign(device(attachment(1)), [program(1)], [])
    assert refusal.message == "eth1 runs xdp_allow (id 1, native mode), not built by xdpctl"
    assert refusal.hints == ("detach it all the same: xdpctl detach eth1 --force",)


def test_the_device_of_another_namespace_is_named_with_it() -> None:
    """The same name may be another device here."""
    refusal = owners.foreign(device(attachment(1)), [program(1, f"{PIN}/a", ours=True)], [], "lab")
    assert refusal.hints == (
        f"name its directory: xdpctl --netns lab detach eth1 --pin {PIN}",
        "detach it all the same: xdpctl --netns lab detach eth1 --force",
    )


def test_only_what_a_link_holds_on_this_device_cannot_be_detached() -> None:
    """Where bpftool doesn't tell of which device a link is, the kernel decides."""
    here, there = device().ifindex, device().ifindex + 1
    for link in (
        BpfLink(5, "xdp", ProgId(1), here),
        BpfLink(5, "xdp", ProgId(2), there),
        BpfLink(5, "xdp", ProgId(2)),
    ):
        assert owners.held(device(), attachment(2), [link], []) is None
    refusal = owners.held(device(), attachment(2), [BpfLink(5, "xdp", ProgId(2), here)], [])
    assert refusal is not None
    assert refusal.message == "xdp_allow (id 2, native mode) on eth1 can't be detached, held by bpf link 5"
