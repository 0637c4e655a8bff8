"""Places for pins: a directory in bpffs, which is mounted and made where it is missing."""

import os
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import mounts, owners
from xdpctl.core.machine.model import Argv, Map, Program
from xdpctl.core.machine.shell import command_line
from xdpctl.core.plan import actions, plan
from xdpctl.errors import AlreadyThere, BadRequest, Refused
from xdpctl.tools import bpffs, bpftool, proc


class Mounted(Struct, frozen=True):
    """A bpffs, mounted where none was."""

    where: str

    def verify(self, _act: plan.Act) -> None:
        if not self._there():
            raise Refused(f"mount reported success, but no bpffs is mounted at {self.where}")

    def undo(self, act: plan.Act, _sure: bool) -> tuple[Argv, ...]:
        """Not where others use it by now."""
        return act.undo if self._there() and not bpffs.holds_pins(self.where) else ()

    def remains(self) -> frozenset[str]:
        return frozenset()  # no harm if it stays, and there is a word about each undo that fails

    def _there(self) -> bool:
        return mounts.in_bpffs(self.where, bpffs.mounted())


MOUNTING = {actions.mount_bpffs(bpffs.ROOT): Mounted(bpffs.ROOT)}
"""What looks after mounting, among the steps for a directory."""


class Pinned(Struct, frozen=True):
    """Pins that bpftool makes."""

    wanted: tuple[str, ...]
    others: tuple[str, ...] = ()
    """Those that come with them."""
    by_own_names: bool = False
    """What has another name then, somebody else has pinned meanwhile."""

    def verify(self, _act: plan.Act) -> None:
        """bpftool may end well though it did nothing, or only a part."""
        missing = [path for path in self.wanted if not os.path.lexists(path)]
        if missing:
            raise Refused(
                f"bpftool reported success, but nothing is pinned at {' and '.join(missing)}",
                "`xdpctl doctor` checks bpftool",
            )

    def undo(self, act: plan.Act, _sure: bool) -> tuple[Argv, ...]:
        """None of these pins was there before."""
        return tuple((*argv[:2], *filter(self._is_ours, argv[2:])) for argv in act.undo)

    def remains(self) -> frozenset[str]:
        return frozenset(filter(self._is_ours, filter(os.path.lexists, (*self.wanted, *self.others))))

    def _is_ours(self, path: str) -> bool:
        return not self.by_own_names or not os.path.lexists(path) or _has_its_own_name(path)


def _has_its_own_name(path: str) -> bool:
    """What can't be seen is taken to have it."""
    program = proc.query(bpftool.command("prog", "show", "pinned", path))
    if program.ok:
        return owners.is_named_so(bpftool.read(program, Program), path)
    found = map_at(path)
    return found is None or owners.is_named_so(found, path)


def map_at(pin: str) -> Map | None:
    """The map that is pinned there; None where it is something else."""
    found = proc.query(bpftool.command("map", "show", "pinned", pin))
    return bpftool.read(found, Map) if found.ok else None


def directory_steps(pin: str) -> tuple[plan.Step, ...]:
    """What is to be done for a directory to be there; or an error tells why nothing can be pinned in it."""
    mounted = bpffs.mounted()
    fresh = _needs_mount(pin, mounted)
    _refuse_outside_bpffs(pin, mounted, fresh)
    mounting = (actions.mount_bpffs(bpffs.ROOT),) if fresh else ()
    return (*mounting, *(actions.make_directory(directory) for directory in _missing(pin, fresh)))


def _missing(pin: str, fresh: bool) -> list[str]:
    """The directories to make; on a bpffs that is yet to be mounted, all."""
    chain = [str(directory) for directory in (*reversed(Path(pin).parents), Path(pin))]
    below = [directory for directory in chain if directory.startswith(bpffs.ROOT + "/")]
    return below if fresh else [directory for directory in chain if not os.path.exists(directory)]


def _needs_mount(pin: str, mounted: tuple[mounts.Mount, ...]) -> bool:
    """bpffs is mounted at its usual place if nothing is; never over anything else."""
    below = f"{pin}/".startswith(f"{bpffs.ROOT}/")
    return below and mounts.mount_of(bpffs.ROOT, mounted).point != bpffs.ROOT


def _refuse_outside_bpffs(pin: str, mounted: tuple[mounts.Mount, ...], fresh: bool) -> None:
    if not fresh and not mounts.in_bpffs(pin, mounted):
        raise BadRequest(
            f"{pin} is not in a bpffs, so nothing can be pinned there",
            f"choose a directory below {' or '.join(mounts.bpffs_points(mounted)) or bpffs.ROOT}",
        )
    if "." in pin:
        raise BadRequest(f"{pin}: libbpf can't pin below a name with a dot", "choose a name without dots")


def free_path(named: str, directory: str) -> str:
    """Where a name, or a path, is to be pinned: no pin may be there."""
    path = os.path.realpath(named if "/" in named else f"{directory}/{named}")
    name = os.path.basename(path)
    if not named or "." in name:
        raise BadRequest(f"{named!r} can't be the name of a pin", "choose a name without dots")
    if os.path.lexists(path) and mounts.in_bpffs(path, bpffs.mounted()):
        remove = "" if os.path.isdir(path) else f", or remove it: {command_line(('rm', path))}"
        raise AlreadyThere(f"{path} is there already", f"choose another name{remove}")
    return path
