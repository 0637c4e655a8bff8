"""Places for pins: a directory in bpffs, which is mounted and made where it is missing."""

import os
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.machine import directories, mounts, owners
from xdpctl.core.machine.directories import Identity, PinDirectory
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.machine.shell import command_line
from xdpctl.core.plan import actions, plan
from xdpctl.core.plan.removal import Removal, came_along, pinned_with, shared, used
from xdpctl.core.wording import join
from xdpctl.errors import AlreadyThere, BadRequest, Refused
from xdpctl.tools import bpffs, bpftool, host, proc


class Mounted(Struct, frozen=True):
    """A bpffs, mounted where none was."""

    where: str

    def verify(self, _act: plan.Act) -> None:
        if not self._there():
            raise Refused(f"mount reported success, but no bpffs is mounted at {self.where}")

    def undo(self, act: plan.Act, _sure: bool) -> tuple[plan.Undo, ...]:
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
                f"bpftool reported success, but nothing is pinned at {join(missing)}",
                "`xdpctl doctor` checks bpftool",
            )

    def undo(self, act: plan.Act, _sure: bool) -> tuple[plan.Undo, ...]:
        """None of these pins was there before."""
        return tuple((*argv[:2], *filter(self._is_ours, argv[2:])) for argv in act.undo_lines)

    def remains(self) -> frozenset[str]:
        return frozenset(filter(self._is_ours, filter(os.path.lexists, (*self.wanted, *self.others))))

    def _is_ours(self, path: str) -> bool:
        return not self.by_own_names or not os.path.lexists(path) or _has_its_own_name(path)


class Copied(Struct, frozen=True):
    """A copy of an object: what there is of it goes, however it came about."""

    copying: plan.Step

    def verify(self, _act: plan.Act) -> None:
        pass

    def undo(self, act: plan.Act, _sure: bool) -> tuple[plan.Undo, ...]:
        return act.undo

    def remains(self) -> frozenset[str]:
        directory = self.copying.acts[0].undo_lines[0][-1]
        return frozenset((directory,) if os.path.lexists(directory) else ())


def _has_its_own_name(path: str) -> bool:
    """What can't be seen is taken to have it."""
    program = proc.query(bpftool.command("prog", "show", "pinned", path))
    if program.ok:
        return owners.is_named_so(bpftool.read(program, Program), path)
    found = _map_at(path)
    return found is None or owners.is_named_so(found, path)


def _map_at(pin: str) -> Map | None:
    """The map that is pinned there; None where it is something else."""
    found = proc.query(bpftool.command("map", "show", "pinned", pin))
    return bpftool.read(found, Map) if found.ok else None


def place(pin: str) -> PinDirectory:
    """Where something can be pinned; the directory needn't be there."""
    mounted = bpffs.mounted()
    missing = tuple(path for path in directories.down_to(pin) if not os.path.exists(path))
    found = PinDirectory(path=pin, mounted=mounted, missing=missing)
    directories.check_place(found)
    return found


def place_to_load(pin: str) -> PinDirectory:
    """The same, with what root can see in it. Programs are asked for where there is something."""
    found = place(pin)
    if not host.privileged():
        return found
    present = bpffs.entries(pin)
    everyones = bpftool.programs() if present else ()
    return replace(found, is_pin=os.path.isfile(pin), present=present, everyones=everyones)


def place_to_unload(pin: str) -> PinDirectory:
    """A directory with its programs, and all their pins."""
    everyones, present = bpftool.programs(), bpffs.entries(pin)
    pinned = [path for program in owners.pinned_programs(everyones, pin) for path in program.pinned]
    return PinDirectory(
        path=pin,
        mounted=bpffs.mounted(),
        present=present,
        everyones=everyones,
        identities=_identities(pinned),
    )


def removal(directory: PinDirectory, maps: tuple[Map, ...]) -> Removal:
    """What goes with its programs. Pins that they don't use are asked for one by one.

    Where bpftool 7.1 lists several maps, one without BTF seems to have that of the one before.
    """
    moments = {pin: bpffs.pinned_at(pin) for pin in directory.pins}
    before, since = shared(directory, maps, moments)
    own = (pin for pin in used(directory, maps) if pin not in before)
    pins = tuple(dict.fromkeys((*own, *sorted(since))))
    others = {pin: found for pin in directory.pins if pin not in {*pins, *before} and (found := _map_at(pin))}
    going = (m for m in maps if m.pinned and {*m.pinned} <= {*pins})
    pins += came_along(directory.programs, others, going)
    pins += pinned_with(directory, others, moments)
    pinned = tuple(m for m in maps if set(m.pinned) & set(pins))
    return Removal(pins, pinned, _identities([*pins, *(pin for m in pinned for pin in m.pinned)]))


def remaining(going: Removal) -> tuple[str, ...]:
    """Of the pins that go, those that are still what they were."""
    return tuple(pin for pin in going.pins if bpffs.is_still(pin, going.identities[pin]))


def _identities(pins: Iterable[str]) -> dict[str, Identity]:
    return {pin: bpffs.identity(pin) for pin in pins}


def directory_steps(pin: str) -> tuple[plan.Step, ...]:
    """What is to be done for a directory to be there; or an error tells why nothing can be pinned in it."""
    return actions.make_place(place(pin))


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
