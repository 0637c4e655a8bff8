"""Whether a program may be loaded into a directory, and its programs be unloaded."""

import pytest
from msgspec.structs import replace

from xdpctl.core.machine import directories
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import ProgId, Program
from xdpctl.core.machine.mounts import Mount
from xdpctl.errors import AlreadyPinned, BadRequest, NoSuchProgram, NotYours

ROOT = "/sys/fs/bpf"
PIN = f"{ROOT}/ebpf"
MOUNTED = (Mount("/", "ext4"), Mount(ROOT, "bpf"))
OURS = {"xdpctl": "counter"}
NAMES = ("a", "pkt_cnt")


def directory(*programs: Program, present: tuple[str, ...] = (), path: str = PIN) -> PinDirectory:
    identities = {pin: (1, number) for number, pin in enumerate(p for one in programs for p in one.pinned)}
    return PinDirectory(
        path=path, present=present, everyones=programs, mounted=MOUNTED, identities=identities
    )


def program(number: int, *pins: str, ours: bool = True) -> Program:
    return Program(ProgId(number), "xdp", name=f"p{number}", pinned=pins, metadata=OURS if ours else {})


@pytest.mark.parametrize(
    ("path", "mounted", "words"),
    [
        ("/tmp/pins", MOUNTED, "/tmp/pins is not in a bpffs"),
        ("/tmp/pins", (), "/tmp/pins is not in a bpffs"),
        (ROOT, (Mount("/", "ext4"), Mount(ROOT, "tmpfs")), f"{ROOT} is not in a bpffs"),
        (f"{ROOT}/a.b", MOUNTED, "libbpf can't pin below a name with a dot"),
    ],
)
def test_nothing_can_be_pinned_there(path: str, mounted: tuple[Mount, ...], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        directories.check_place(PinDirectory(path=path, mounted=mounted))


def test_a_bpffs_is_mounted_at_its_usual_place_if_nothing_is() -> None:
    for path, mounted, needs_mount in (
        (PIN, MOUNTED, False),
        (PIN, MOUNTED[:1], True),
        (ROOT, MOUNTED[:1], True),
        ("/other/bpf", (Mount("/", "ext4"), Mount("/other/bpf", "bpf")), False),
    ):
        directory = PinDirectory(path=path, mounted=mounted)
        assert directory.needs_mount is needs_mount
        directories.check_place(directory)


def test_a_directory_is_free_if_it_holds_neither_a_program_nor_such_a_name() -> None:
    directories.check_free(directory(), NAMES)
    directories.check_free(directory(program(1, "/sys/fs/bpf/other/a"), present=("b",)), NAMES)
    with pytest.raises(AlreadyPinned, match=f"{PIN} already holds p1 and p2"):
        directories.check_free(
            directory(program(1, f"{PIN}/x"), program(2, f"{PIN}/y"), present=("pkt_cnt", "x", "y")), NAMES
        )
    with pytest.raises(AlreadyPinned, match=f"something else is pinned at {PIN}/a and {PIN}/pkt_cnt"):
        directories.check_free(directory(present=("a", "b", "pkt_cnt")), NAMES)
    with pytest.raises(BadRequest, match=f"{PIN} is a pin, not a directory"):
        directories.check_free(replace(directory(), is_pin=True), NAMES)


def test_nothing_to_unload_and_what_else_may_be_removed() -> None:
    for path, present, hints in (
        (PIN, (), ("xdpctl status shows programs",)),
        (PIN, ("m", "n"), (f"if nothing needs that, remove it: rm -r {PIN}",)),
        (ROOT, ("m",), ("xdpctl status shows programs",)),
        ("/tmp", ("m",), ("xdpctl status shows programs",)),
    ):
        with pytest.raises(NoSuchProgram) as caught:
            directories.check_unloadable(directory(present=present, path=path), force=True)
        assert caught.value.hints == hints


def test_what_is_anybodys_is_unloaded_by_force_alone() -> None:
    directories.check_unloadable(directory(program(1, f"{PIN}/a", ours=False)), force=False)
    both = directory(program(1, f"{PIN}/a", ours=False), program(2, f"{PIN}/b"))
    with pytest.raises(NotYours, match=r"p1 \(id 1\), pinned in"):
        directories.check_unloadable(both, force=False)
    directories.check_unloadable(both, force=True)


def test_what_is_pinned_elsewhere_is_unloaded_by_force_alone() -> None:
    found = directory(program(1, f"{PIN}/a", "/other/a", "/mounted/twice/a"))
    found = replace(found, identities={**found.identities, "/mounted/twice/a": found.identities[f"{PIN}/a"]})
    assert found.elsewhere == ("/other/a",)
    with pytest.raises(NotYours) as caught:
        directories.check_unloadable(found, force=False)
    assert caught.value.message == "p1 is pinned at /other/a too"
    assert caught.value.hints[0] == "remove that first: rm /other/a"
    directories.check_unloadable(found, force=True)
