"""What goes with programs that are unloaded, and what stays."""

from msgspec.structs import replace

from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import BtfId, Map, MapId, ProgId, Program
from xdpctl.core.plan.removal import Removal, came_along, pinned_with, used

PIN = "/sys/fs/bpf/ebpf"


def found(number: int, name: str, *pins: str, btf: int | None = 5) -> Map:
    return Map(MapId(number), name=name, btf_id=None if btf is None else BtfId(btf), pinned=tuple(pins))


def program(number: int, *pins: str, maps: tuple[int, ...] = (), btf: int | None = 5) -> Program:
    return Program(
        ProgId(number),
        "xdp",
        pinned=pins,
        map_ids=tuple(map(MapId, maps)),
        btf_id=None if btf is None else BtfId(btf),
    )


def test_pins_of_programs_and_of_their_maps_each_once() -> None:
    maps = (found(7, "m", f"{PIN}/m", "/other/m"), found(8, "n", f"{PIN}/n"), found(9, "o", f"{PIN}/o"))
    programs = (program(1, f"{PIN}/a", maps=(7, 8)), program(2, f"{PIN}/b", "/other/b", maps=(7,)))
    directory = PinDirectory(path=PIN, everyones=programs)
    assert used(directory, maps) == (f"{PIN}/a", f"{PIN}/m", f"{PIN}/n", f"{PIN}/b")


def test_maps_that_came_along_share_the_types_and_have_their_own_name() -> None:
    others = {
        f"{PIN}/m": found(7, "m"),
        f"{PIN}/another": found(8, "n"),
        f"{PIN}/o": found(9, "o", btf=6),
        f"{PIN}/p": found(10, "p", btf=None),
    }
    assert came_along((program(1),), others) == (f"{PIN}/m",)
    assert came_along((program(1, btf=None),), others) == (), "no types are none to share"


def test_maps_without_types_came_along_if_they_were_pinned_in_the_same_moment() -> None:
    names = ("ours", "late", "early", "used")
    others = {f"{PIN}/{n}": replace(found(i, n, btf=None), type="devmap") for i, n in enumerate(names, 7)}
    others[f"{PIN}/mine"] = replace(found(20, "another", btf=None), type="devmap")
    others[f"{PIN}/array"] = replace(found(21, "array", btf=None), type="array")
    moments = {f"{PIN}/a": 5.0, **dict.fromkeys(others, 5.01), f"{PIN}/late": 6.0, f"{PIN}/early": 4.99}
    programs = (program(1, f"{PIN}/a", btf=None), program(2, maps=(10,)))
    directory = PinDirectory(path=PIN, everyones=programs)
    assert pinned_with(directory, others, moments) == (f"{PIN}/ours",)


def test_a_pin_elsewhere_keeps_a_map_unless_it_is_the_same_pin() -> None:
    maps = (
        found(7, "m", f"{PIN}/m", "/other/m"),
        found(8, "n", f"{PIN}/n", "/mounted/twice/n"),
        found(9, "o", f"{PIN}/o"),
    )
    removal = Removal(
        pins=(f"{PIN}/a", f"{PIN}/m", f"{PIN}/n", f"{PIN}/o"),
        maps=maps,
        identities={
            f"{PIN}/a": (1, 1),
            f"{PIN}/m": (1, 2),
            f"{PIN}/n": (1, 3),
            f"{PIN}/o": (1, 4),
            "/other/m": (1, 5),
            "/mounted/twice/n": (1, 3),
        },
    )
    assert removal.kept == ("/other/m",)
    assert removal.freed == {8, 9}
