"""A directory for pins as it was seen: what may be loaded into it, detached by its name and unloaded."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from xdpctl.core.machine import mounts, owners, paths
from xdpctl.core.machine.model import Attachment, BpfLink, Device, ProgId, Program
from xdpctl.core.machine.mounts import Mount
from xdpctl.core.machine.paths import BPFFS
from xdpctl.core.machine.shell import command_line
from xdpctl.core.wording import join, listed
from xdpctl.errors import AlreadyPinned, BadRequest, HostLacks, NoSuchProgram, NotYours

Identity = tuple[int, int]
"""What several paths have in common if they are one pin."""


class PinDirectory(Struct, frozen=True):
    """What nobody asked for is left empty."""

    path: str
    mounted: tuple[Mount, ...] = ()
    missing: tuple[str, ...] = ()
    """What of the path isn't there yet, from above."""
    is_pin: bool = False
    """Then it is no directory."""
    present: tuple[str, ...] = ()
    """The names in it."""
    everyones: tuple[Program, ...] = ()
    """All programs, wherever they are pinned."""
    identities: Mapping[str, Identity] = {}
    """Of all pins of the programs in it."""

    @property
    def needs_mount(self) -> bool:
        """bpffs is mounted at its usual place if nothing is; never over anything else."""
        below = f"{self.path}/".startswith(f"{BPFFS}/")
        return below and mounts.mount_of(BPFFS, self.mounted).point != BPFFS

    @property
    def pins(self) -> tuple[str, ...]:
        return tuple(f"{self.path}/{name}" for name in self.present)

    @property
    def programs(self) -> tuple[Program, ...]:
        return owners.pinned_programs(self.everyones, self.path)

    @property
    def yours(self) -> frozenset[ProgId]:
        """Those that whoever names the directory may mean."""
        is_root = mounts.is_bpffs_root(self.path, self.mounted)
        return owners.ids(owners.yours(self.everyones, self.path, is_root))

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The other pins of its programs. A pin that is seen through two mounts is one pin."""
        pinned = [pin for program in self.programs for pin in program.pinned]
        own = {self.identities[pin] for pin in paths.below(pinned, self.path)}
        return tuple(pin for pin in pinned if self.identities[pin] not in own)


def holds_only_pins(path: str, mounted: tuple[Mount, ...]) -> bool:
    """Whether it can be removed as a whole: bpffs itself, or what isn't in one, is never."""
    return mounts.in_bpffs(path, mounted) and not mounts.is_bpffs_root(path, mounted)


def down_to(path: str) -> tuple[str, ...]:
    """All directories that a path goes through, itself the last."""
    pure = PurePosixPath(path)
    return tuple(map(str, (*reversed(pure.parents), pure)))


def check_place(directory: PinDirectory) -> None:
    """Whether anything can be pinned there."""
    path, mounted = directory.path, directory.mounted
    if not directory.needs_mount and not mounts.in_bpffs(path, mounted):
        raise BadRequest(
            f"{path} is not in a bpffs, so nothing can be pinned there",
            f"choose a directory below {' or '.join(mounts.bpffs_points(mounted)) or BPFFS}",
        )
    if (bpffs := mounts.mount_of(path, mounted)).read_only and not directory.needs_mount:
        remount = command_line(("mount", "-o", "remount,rw", bpffs.point))
        raise HostLacks(f"nothing can be pinned in {path}: its bpffs is mounted read-only", remount)
    if "." in path:
        raise BadRequest(f"{path}: libbpf can't pin below a name with a dot", "choose a name without dots")


def check_free(directory: PinDirectory, names: Sequence[str]) -> None:
    """A directory holds the programs of one object with its maps, and nothing of the same name."""
    path = directory.path
    if directory.is_pin:
        raise BadRequest(f"{path} is a pin, not a directory", "name the directory for the pins")
    if programs := directory.programs:
        raise AlreadyPinned(
            f"{path} already holds {join(p.name for p in programs)}",
            f"put it in its place, packets and counters go on: xdpctl load --replace --pin {path}",
            f"or remove it first: xdpctl unload --pin {path}",
            "or pin this program elsewhere: --pin DIR",
        )
    if taken := [f"{path}/{name}" for name in names if name in directory.present]:
        raise AlreadyPinned(
            f"something else is pinned at {join(taken)}",
            f"if nothing needs it, remove it: rm {' '.join(taken)}",
            "or pin this program elsewhere: --pin DIR",
        )


def check_unloadable(directory: PinDirectory, force: bool) -> None:
    """There are programs; and unless it is forced, they are surely yours, and pinned nowhere else."""
    if not directory.programs:
        raise _nothing_there(directory)
    if not force:
        _refuse_others(directory)
        _refuse_pinned_elsewhere(directory)


def check_replaceable(directory: PinDirectory) -> None:
    """There are programs, and they are surely yours."""
    if not directory.programs:
        raise NoSuchProgram(
            f"no XDP program is pinned in {directory.path}, so there is none to be replaced",
            f"load one: xdpctl load --pin {directory.path}",
        )
    _refuse_others(directory)


def detachable(
    directory: PinDirectory, device: Device, links: Sequence[BpfLink], force: bool, netns: str
) -> tuple[Attachment, ...]:
    """What of a device may be taken off: one that xdpctl built may be pinned nowhere."""
    pinned_nowhere = owners.ids(p for p in directory.everyones if p.ours and not p.pinned)
    ours = device.attachments_of(directory.yours | pinned_nowhere)
    attachments = device.xdp.attached if force else ours
    if not attachments:
        raise owners.foreign(device, directory.everyones, links, netns)
    for attachment in attachments:
        if refusal := owners.held(device, attachment, links, directory.everyones):
            raise refusal
    return attachments


def _nothing_there(directory: PinDirectory) -> NoSuchProgram:
    path, present = directory.path, directory.present
    if not (present and holds_only_pins(path, directory.mounted)):
        return NoSuchProgram(f"no XDP program is pinned in {path}", "xdpctl status shows programs")
    return NoSuchProgram(
        f"no XDP program is pinned in {path}, only {listed(present)}",
        f"if nothing needs that, remove it: {command_line(('rm', '-r', path))}",
    )


def _refuse_others(directory: PinDirectory) -> None:
    if others := [program for program in directory.programs if program.id not in directory.yours]:
        raise owners.not_yours(others, directory.path)


def _refuse_pinned_elsewhere(directory: PinDirectory) -> None:
    """Such a program would stay in the kernel."""
    if elsewhere := directory.elsewhere:
        name = next(p.name for p in directory.programs if set(p.pinned) & set(elsewhere))
        unload = ("xdpctl", "unload", "--pin", directory.path, "--force")
        raise NotYours(
            f"{name} is pinned at {join(elsewhere)} too",
            f"remove that first: {command_line(('rm', *elsewhere))}",
            f"or with all its pins: {command_line(unload)}",
        )
