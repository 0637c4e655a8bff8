"""The chain that makes a counter move: which link is named, by what can be seen."""

from random import Random
from typing import Any

import pytest
from msgspec import structs

from xdpctl.core.machine.model import BpfLink, BtfId, Device, MapId, ProgId
from xdpctl.core.why import chain
from xdpctl.core.why.chain import Moves
from xdpctl.core.why.finding import Broken
from xdpctl.core.why.snapshot import DevicePlace, LastBuilt, Observed, OddVerdicts, Scene, Traffic

from .scenes import (
    BPFFS,
    IN_PEER,
    LOOPBACK,
    PIN,
    UP,
    VETH0,
    VETH1,
    broken,
    counter,
    device,
    program,
    scene,
    watched,
)


def test_a_chain_that_holds() -> None:
    assert chain.at_once(scene()) is None
    found = chain.after(scene(), watched(5, 5, {25: 5}))
    assert isinstance(found, Moves)
    assert found.says == (
        "veth0 received 5 packets in 1.1 s, xdp_allow (id 7, native mode) ran 5 times, pkt_cnt counted 5"
    )
    unknown = chain.after(scene(), watched(1, None, {25: None}))
    assert unknown.says == "veth0 received 1 packet in 1.1 s, pkt_cnt changed"


def test_a_driver_that_does_not_count_what_is_dropped() -> None:
    assert isinstance(chain.after(scene(), watched(0, 3, {25: 3})), Moves)
    assert broken(chain.after(scene(), watched(0, 3))).cause == "nothing counted"


@pytest.mark.parametrize(
    ("seen", "cause", "mend"),
    [
        (watched(), "no traffic", "nsenter --net=/run/netns/peer ping -c 3 10.0.0.1"),
        (watched(lo=Traffic(4, 4)), "through loopback", "nsenter --net=/run/netns/peer ping -c 3 10.0.0.1"),
        (watched(veth0=Traffic(0, 4)), "only sends", "xdpctl --netns peer attach veth1"),
        (watched(5, 0), "never ran", "xdpctl detach veth0 && xdpctl attach veth0 --mode generic"),
        (watched(5, 5), "nothing counted", "see which it counts: bpftool prog dump xlated id 7 linum"),
        (watched(5), "nothing counted", "see which it counts: bpftool prog dump xlated id 7 linum"),
    ],
)
def test_packets_that_get_so_far(seen: Observed, cause: str, mend: str) -> None:
    found = broken(chain.after(scene(), seen))
    assert (found.cause, found.mend) == (cause, mend)


def test_maps_of_which_the_kernel_tells_nothing() -> None:
    ring = counter(26, "events", kind="ringbuf")
    both = scene(programs=(program(7, 25, 26),), maps=(counter(), ring))
    seen = structs.replace(watched(5, 5), unreadable=frozenset({MapId(26)}))
    assert broken(chain.after(both, seen)).says == (
        "xdp_allow (id 7, native mode) ran 5 times in 1.1 s, and pkt_cnt stayed the same: it counts other "
        "packets; the kernel doesn't tell what came into events"
    )
    asked = structs.replace(both, asked=ring)
    for counted in ({}, {MapId(25): 5}):
        found = broken(chain.after(asked, structs.replace(seen, counted=counted)))
        assert found.says.endswith("ran 5 times in 1.1 s, and the kernel doesn't tell what came into events")


def test_an_earlier_link_comes_first() -> None:
    """A device that is down isn't told of, where another program's map is looked at."""
    down = DevicePlace(device("veth0", 9, flags=()))
    other = program(9, 31, pin="/sys/fs/bpf/else/xdp_allow")
    maps = (counter(), counter(31, pinned=False))
    assert broken(chain.at_once(scene(down, programs=(program(), other), maps=maps))).cause == "another map"
    assert broken(chain.at_once(scene(down, programs=(program(9),)))).cause == "device down"


def test_no_matter_which_of_several_devices_is_up() -> None:
    down = DevicePlace(device("veth5", 7, flags=()))
    assert chain.at_once(scene(down, VETH0, VETH1)) is None


@pytest.mark.parametrize(
    ("link", "mend"),
    [
        (None, "xdpctl detach veth0"),
        (BpfLink(4, "xdp", ProgId(9), 2), "bpftool link detach id 4"),
        (BpfLink(4, "xdp", ProgId(8), 2), "xdpctl detach veth0"),
    ],
)
def test_a_program_is_released_as_it_is_held(link: BpfLink | None, mend: str) -> None:
    """One of ours; what is somebody else's is never offered to be taken off."""
    mine = structs.replace(program(9, 99), pinned=(), name="other")
    place = DevicePlace(device("veth0", 9, title="other"))
    links = () if link is None else (link,)
    both = scene(place, programs=(program(), mine), links=links, asked=place)
    found = broken(chain.at_once(both))
    assert (found.cause, found.mend) == ("another program", f"{mend} && xdpctl attach veth0")
    for pins in ((), ("/sys/fs/bpf/other",), ("/sys/fs/bpf/theirs/other",), (f"{PIN}/other",)):
        theirs = structs.replace(mine, metadata={}, pinned=pins)
        found = broken(chain.at_once(structs.replace(both, programs=(program(), theirs))))
        who = "other (id 9) isn't yours: whoever put it on veth0 can take it off"
        attach = "xdpctl attach veth0"
        if pins == (f"{PIN}/other",):
            attach = f"ip link set dev veth0 xdp pinned {PIN}/xdp_allow"
        assert (found.cause, found.mend) == ("another program", f"{who}, then: {attach}")


def test_what_a_student_loaded_is_released_without_force() -> None:
    """C of his own, alone in the pin directory."""
    mine = structs.replace(program(7), metadata={})
    found = broken(chain.after(scene(programs=(mine,)), watched(5, 0)))
    assert found.mend == "xdpctl detach veth0 && xdpctl attach veth0 --mode generic"


def test_a_pinned_program_without_a_map() -> None:
    found = broken(chain.at_once(scene(programs=(program(7, 99),), maps=())))
    assert found.says == "xdp_allow (id 7, native mode) runs on veth0, and has no map to count in"
    assert found.mend == "xdpctl unload && xdpctl load --dev veth0"
    idle = DevicePlace(device("veth0"))
    assert broken(chain.at_once(scene(idle, programs=(program(7, 99),), maps=()))).cause == "not attached"


@pytest.mark.parametrize(
    "built",
    [None, LastBuilt("b.bpf.o", True, ("b", "hits")), LastBuilt("a.bpf.o", True, ("xdp_allow",), False)],
)
def test_no_other_program_is_put_in_the_place_of_one_that_doesn_t_count(built: LastBuilt | None) -> None:
    without = structs.replace(scene(programs=(program(7, 99),), maps=()), built=built)
    spare = structs.replace(without, maps=(counter(),), asked=counter())
    for seen in (without, spare):
        mend = broken(chain.at_once(seen)).mend
        assert mend == "have xdp_allow count in a map, build it, and load it again"


def test_a_dispatcher() -> None:
    place = DevicePlace(device("veth0", 9, title="xdp_dispatcher"))
    dispatcher = structs.replace(program(9, 99, name="xdp_dispatcher"), pinned=(), metadata={})
    found = broken(chain.at_once(scene(place, programs=(program(), dispatcher), asked=place)))
    assert "xdp_dispatcher (id 9, native mode) runs on veth0 for several programs" in found.says
    who = "xdp_dispatcher (id 9) isn't yours: whoever put it on veth0 can take it off"
    assert found.mend == f"{who}, then: xdpctl attach veth0"
    part = program(7, kind="ext")
    for asked in (None, counter(), place):
        assert chain.at_once(scene(place, programs=(part, dispatcher), asked=asked)) is None


def test_a_program_that_is_called_by_another() -> None:
    called = structs.replace(program(7), btf_id=BtfId(3))
    caller = structs.replace(program(9, 40, name="caller"), btf_id=BtfId(3))
    maps = (counter(), counter(40, "jumps", kind="prog_array"))
    place = DevicePlace(device("veth0", 9, title="caller"))
    assert chain.at_once(scene(place, programs=(called, caller), maps=maps, asked=counter())) is None
    stranger = structs.replace(caller, btf_id=BtfId(4))
    found = chain.at_once(scene(place, programs=(called, stranger), maps=maps, asked=counter()))
    assert broken(found).cause == "not attached"


@pytest.mark.parametrize(
    ("place", "says", "mend"),
    [
        (
            DevicePlace(device("eth0", 7, flags=("UP", "NO-CARRIER"), kind="")),
            "runs on eth0, to which nothing is connected",
            "connect it",
        ),
        (
            DevicePlace(device("veth0", 7, flags=("UP", "NO-CARRIER"), link_index=9)),
            "whose other end is down",
            "set its other end up",
        ),
    ],
)
def test_no_carrier(place: DevicePlace, says: str, mend: str) -> None:
    found = broken(chain.at_once(scene(place)))
    assert (found.link, found.cause) == ("up", "no carrier")
    assert found.says.endswith(says)
    assert found.mend == mend


def test_both_ends_in_one_namespace() -> None:
    one, other = DevicePlace(device("va", 7, link="vb")), DevicePlace(device("vb", index=3, link="va"))
    seen = structs.replace(watched(lo=Traffic(3, 3)), addresses={"va": "10.0.0.1"})
    found = broken(chain.after(scene(LOOPBACK, one, other), seen))
    assert found.cause == "through loopback"
    assert found.mend.endswith("ip netns add peer && ip link set vb netns peer")


def test_a_map_of_the_same_name_that_is_pinned_too_is_only_pointed_out() -> None:
    other = program(9, 31, pin="/sys/fs/bpf/b/xdp_allow")
    theirs = structs.replace(counter(31), pinned=("/sys/fs/bpf/b/pkt_cnt",))
    place = DevicePlace(device("veth0", 9))
    two = scene(place, programs=(program(), other), maps=(counter(), theirs))
    found = broken(chain.at_once(two))
    assert (found.cause, found.mend) == ("another map", "xdpctl dump /sys/fs/bpf/b/pkt_cnt")
    assert chain.at_once(structs.replace(two, asked=place)) is None


def test_labs_of_others_number_their_devices_alike() -> None:
    theirs = structs.replace(VETH1, netns="/proc/9/ns/net", inside=("nsenter", "--net=/proc/9/ns/net"))
    assert scene(VETH0, theirs, VETH1).other_end(VETH0) == VETH1
    assert scene(VETH0, theirs).other_end(VETH0) == theirs
    assert scene(VETH0, theirs, structs.replace(theirs, netns="/proc/8/ns/net")).other_end(VETH0) is None
    namesake = DevicePlace(device("veth0", 9), "/proc/9/ns/net")
    not_ours = structs.replace(program(9, 31), pinned=())
    maps = (counter(), counter(31, pinned=False))
    idle = DevicePlace(device("veth0"))
    found = chain.at_once(scene(idle, namesake, programs=(program(), not_ours), maps=maps))
    assert broken(found).cause == "not attached"


def test_what_is_not_pinned_alone_is_attached_by_its_path_or_number() -> None:
    idle = DevicePlace(device("veth0"))
    two = (program(7), program(8, name="second"))
    found = broken(chain.at_once(scene(LOOPBACK, idle, programs=two)))
    assert found.mend == f"ip link set dev veth0 xdp pinned {PIN}/xdp_allow"
    unpinned = structs.replace(program(), pinned=())
    found = broken(chain.at_once(scene(LOOPBACK, idle, VETH1, programs=(unpinned,))))
    assert found.mend == "bpftool net attach xdp id 7 dev veth0"


def test_a_device_is_named_only_where_there_is_no_choice() -> None:
    two = (LOOPBACK, DevicePlace(device("eth0")), DevicePlace(device("eth1", index=4)))
    assert broken(chain.at_once(scene(*two))).mend == "xdpctl attach DEV"


def test_a_full_map_is_told_by_what_was_lost_or_by_its_size() -> None:
    lost = structs.replace(watched(9, 9, {25: 2}), lost={MapId(25): 7})
    found = broken(chain.after(scene(), lost))
    assert (found.cause, found.says) == (
        "map full",
        "pkt_cnt (id 25) is full: it holds 8 elements, and 7 packets found no place in 1.1 s",
    )
    stuck = structs.replace(watched(9, 9), full=frozenset({MapId(25)}))
    assert broken(chain.after(scene(), stuck)).says == "pkt_cnt (id 25) is full: it holds 8 elements"
    assert isinstance(chain.after(scene(), structs.replace(stuck, counted={MapId(25): 9})), Moves)
    assert broken(chain.after(scene(), structs.replace(stuck, traffic={}, runs=0))).cause == "no traffic"


def test_what_a_program_keeps_in_global_variables_is_a_counter_only_of_others() -> None:
    ours = program(7, 25, 26, 27)
    maps = (counter(25, "config"), counter(26, "actions"), counter(27, "xdp_allo.bss", pinned=False))
    asked = scene(programs=(ours,), maps=maps, asked=maps[0])
    both = broken(chain.after(asked, watched(3, 3, {26: 3, 27: None})))
    assert both.says == "xdp_allow (id 7, native mode) counted in actions, and left config as it was"
    assert broken(chain.after(asked, watched(3, 3, {27: None}))).cause == "nothing counted"
    theirs = structs.replace(asked, programs=(structs.replace(ours, metadata={}),))
    found = broken(chain.after(theirs, watched(3, 3, {27: None})))
    assert (found.cause, found.mend) == ("another counter", "xdpctl dump id:27")


def test_nothing_is_attached_to_the_loopback_device() -> None:
    found = broken(chain.at_once(scene(asked=LOOPBACK)))
    assert found.says == (
        "xdp_allow (id 7, native mode) runs on veth0, not on lo, "
        "which carries only what the machine sends to itself, and has XDP in generic mode alone"
    )
    assert (found.cause, found.mend) == ("another device", "xdpctl why veth0")
    remote = (LOOPBACK, DevicePlace(device("veth1", 7), "peer", IN_PEER))
    assert broken(chain.at_once(scene(*remote, asked=LOOPBACK))).mend == "xdpctl --netns peer why veth1"
    idle = (LOOPBACK, DevicePlace(device("veth0")))
    assert broken(chain.at_once(scene(*idle, asked=LOOPBACK))).mend == "xdpctl attach veth0"
    nothing = scene(LOOPBACK, programs=(), maps=(), asked=LOOPBACK)
    assert broken(chain.at_once(nothing)).mend == "xdpctl load --dev DEV"


def test_an_unused_map_is_removed_only_where_load_would_refuse() -> None:
    maps = (counter(25, "counts2"), counter(26, "blocked"))
    unused = scene(DevicePlace(device("veth0")), programs=(), maps=maps)
    for asked in (None, maps[0]):
        found = broken(chain.at_once(structs.replace(unused, asked=asked)))
        assert (found.cause, found.mend) == ("unused map", "xdpctl load --dev veth0")
    in_the_way = structs.replace(unused, maps=(*maps, counter(27)))
    for asked in (None, maps[0]):
        found = broken(chain.at_once(structs.replace(in_the_way, asked=asked)))
        assert found.mend == f"rm {PIN}/pkt_cnt && xdpctl load --dev veth0"
        told = f"`load` refuses while {PIN}/pkt_cnt is there, and rm takes the elements too"
        assert found.says.endswith(told)


def test_an_unused_map_beside_a_program() -> None:
    spare = counter(30, "spare")
    found = broken(chain.at_once(scene(maps=(counter(), spare), asked=spare)))
    assert found.says == "no program uses spare (id 30): xdp_allow (id 7) uses pkt_cnt"
    assert found.mend == "xdpctl dump pkt_cnt"
    found = broken(chain.at_once(scene(maps=(spare,), asked=spare)))
    assert found.mend == "xdpctl unload && xdpctl load --dev veth0"


def test_what_load_is_told_to_load() -> None:
    nothing = scene(DevicePlace(device("veth0")), programs=(), maps=())
    several = LastBuilt("bpf/xdp_drop.bpf.o", is_only=False)
    mends = {
        None: "xdpctl build && xdpctl load --dev veth0",
        several: "xdpctl load bpf/xdp_drop.bpf.o --dev veth0",
    }
    for built, mend in mends.items():
        assert broken(chain.at_once(structs.replace(nothing, built=built))).mend == mend
    full = structs.replace(watched(9, 9), full=frozenset({MapId(25)}))
    found = broken(chain.after(structs.replace(scene(), built=several), full))
    assert found.mend == (
        "build it with a larger max_entries, then: "
        "xdpctl unload && xdpctl load bpf/xdp_allow.bpf.o --dev veth0"
    )


def any_scene(chance: Random) -> Scene:
    names = ["pkt_cnt", "other", "xdp_allo.bss"]
    maps = tuple(
        counter(25 + i, chance.choice(names), chance.random() < 0.5) for i in range(chance.randint(0, 3))
    )
    programs = tuple(
        structs.replace(
            program(7 + i, chance.randint(25, 29), kind=chance.choice(["xdp", "xdp", "ext"])),
            pinned=chance.choice([(), (f"{PIN}/xdp_allow",), ("/sys/fs/bpf/b/xdp_allow",)]),
        )
        for i in range(chance.randint(0, 3))
    )
    able = [p.id for p in programs if p.type == "xdp"]

    def some(name: str, **what: Any) -> Device:
        on = [chance.choice(able)] if able and chance.random() < 0.5 else []
        return device(name, *on, flags=chance.choice([(), UP, UP, ("UP", "NO-CARRIER")]), **what)

    places = (
        LOOPBACK,
        DevicePlace(some("veth0", link_index=3, master=chance.choice([None, "br0"]))),
        DevicePlace(some("veth1", index=3, link_index=2), chance.choice(["peer", "/proc/3/ns/net"]), IN_PEER),
        DevicePlace(some("br0", index=9, kind="bridge")),
    )
    asked = chance.choice([None, *places, *maps])
    mounted = chance.choice([(), (BPFFS,), (BPFFS, BPFFS)])
    return scene(
        *places,
        programs=programs,
        maps=maps,
        asked=asked,
        mounted=mounted,
        netns=chance.choice([None, "peer"]),
    )


def test_every_scene_has_an_answer() -> None:
    chance, causes = Random(4), set()
    for _ in range(3000):
        found: Broken | Moves | None = chain.at_once(seen := any_scene(chance))
        if found is None:
            counted: dict[int, int | None] = {m.id: 2 for m in seen.maps if chance.random() < 0.3}
            received, runs = chance.choice([0, 5]), chance.choice([None, 0, 3])
            beneath, looped = (
                Traffic(chance.choice([0, 2]), chance.choice([0, 1])),
                Traffic(chance.choice([0, 3])),
            )
            found = chain.after(seen, watched(received, runs, counted, br0=beneath, lo=looped))
        assert found.says
        causes.add(found.cause if isinstance(found, Broken) else "moves")
    assert len(causes) > 18


def test_a_verdict_that_is_no_action_though_the_program_counts() -> None:
    odd = structs.replace(watched(5, 5, {25: 5}), odd=OddVerdicts((9, (1 << 32) - 1), 4))
    found = broken(chain.after(scene(), odd))
    assert (found.link, found.cause) == ("verdict", "no XDP action")
    assert found.says == (
        "xdp_allow (id 7, native mode) returned 9 and 4294967295 (-1), which are no XDP action: "
        "the kernel dropped 4 packets in 1.1 s for that"
    )
