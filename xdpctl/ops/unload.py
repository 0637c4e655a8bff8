"""Take a program off every device, remove its pins, and see that it is gone."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from msgspec import Struct

from xdpctl.core.machine import directories, owners, paths
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import MapId, Program
from xdpctl.core.plan import actions, plan
from xdpctl.core.plan.removal import Removal
from xdpctl.core.wording import join
from xdpctl.errors import Gone, HalfDone, NoSuchDevice, Refused
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, host, iplink, netns, pinning, turns
from xdpctl.tools.attaching import Place, detaching, places_of

PATIENCE = 3.0
"""Seconds that the kernel may take to free a program after its last user has gone."""
AT_WORK = 0.2
"""Seconds that another unload may take for its pins."""


class Prepared(Struct, frozen=True):
    pin: str
    operation: apply.Operation
    programs: tuple[Program, ...] = ()
    devices: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Pins elsewhere that keep maps of these programs in the kernel."""
    maps: frozenset[MapId] = frozenset()
    """The maps that have to go."""


def prepare(pin: str, force: bool, dry_run: bool) -> Prepared:
    """Its programs, every device on which they run, in any network namespace, and the pins that go."""
    if dry_run and not host.privileged() and directories.holds_only_pins(pin, bpffs.mounted()):
        guess = actions.remove_pins((f"{pin}/PROGRAM", f"{pin}/MAPS"))
        return Prepared(pin=pin, operation=apply.Operation(plan=(guess,)))
    host.require_privileges()
    if not dry_run:
        turns.wait()
    try:
        return _prepared(pin, force)
    except FileNotFoundError:  # a pin that was there a moment before
        raise _overtaken(pin) from None


def _overtaken(pin: str) -> Gone:
    return Gone(f"no XDP program is pinned in {pin} any more: somebody else has unloaded it meanwhile")


def _prepared(pin: str, force: bool) -> Prepared:
    directory = pinning.place_to_unload(pin)
    directories.check_unloadable(directory, force)
    maps, links = bpftool.maps(), bpftool.links()
    places = tuple(places_of(directory, links))
    going = pinning.removal(directory, maps)
    return Prepared(
        pin=pin,
        operation=_operation(directory, places, going),
        programs=directory.programs,
        devices=tuple(device.ifname + namespace.label for namespace, device, _ in places),
        kept=going.kept,
        maps=going.freed,
    )


def run(
    prepared: Prepared,
    detached: Callable[[], None],
    unloaded: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Both are called once that is so, or was done and can't be looked at."""

    def look() -> list[str]:
        """Programs first: some kernels keep a prog array for ever that is opened while they empty it.

        They do so once nobody has it open (`prog_array_map_clear`), and bpftool opens what it lists.
        """
        waited = 0.0
        left: list[str] = []
        for alive in (_programs, _maps):
            while (found := alive(prepared)) and waited < PATIENCE:
                sleep(0.05)
                waited += 0.05
            left += found
        return left

    def tell() -> None:
        detached()
        unloaded()

    programs = join(p.name for p in prepared.programs)
    what = f"whether {programs} is still in the kernel"
    left = apply.run_and_look(prepared.operation, look, tell, what)
    detached()
    if left:
        done = "detached and unpinned" if prepared.devices else "unpinned"
        raise HalfDone(
            f"{done}, but {join(left)} is still in the kernel",
            "another process, a bpf link or a device that can't be seen holds it: bpftool link show",
        )
    unloaded()


def _programs(prepared: Prepared) -> list[str]:
    ids = owners.ids(prepared.programs)
    return [f"program {p.name} (id {p.id})" for p in bpftool.programs() if p.id in ids]


def _maps(prepared: Prepared) -> list[str]:
    return [f"map {m.name} (id {m.id})" for m in bpftool.maps() if m.id in prepared.maps]


def _operation(directory: PinDirectory, places: tuple[Place, ...], going: Removal) -> apply.Operation:
    namespaces = dict.fromkeys((netns.HERE, *(namespace for namespace, _, _ in places)))
    ids = owners.ids(directory.programs)

    def observe() -> apply.Facts:
        """The pins, and the devices of this namespace and of those with one of the programs."""
        facts = {f"{directory.path}/{name}" for name in bpffs.entries(directory.path)}
        for namespace in namespaces:
            for device in iplink.devices(namespace):
                for attachment in device.attachments_of(ids):
                    facts.add(f"{owners.describe(attachment)} on {device.ifname}{namespace.label}")
        return frozenset(facts)

    steps = tuple(_steps(directory, places, going))
    return apply.Operation(
        plan=steps,
        before=observe(),
        observe=observe,
        care=detaching(steps),
        check=lambda: _check(places, going),
        overtaken=lambda: _overtaken(directory.path) if _all_gone(going) else None,
    )


def _all_gone(going: Removal) -> bool:
    """Whoever has removed the first of the pins, removes the others too."""
    waited = 0.0
    while (left := pinning.remaining(going)) and going.pins[0] not in left and waited < AT_WORK:
        time.sleep(0.01)
        waited += 0.01
    return not left


def _steps(directory: PinDirectory, places: tuple[Place, ...], going: Removal) -> Iterator[plan.Step]:
    pinned = {p.id: paths.below(p.pinned, directory.path)[0] for p in directory.programs}
    for namespace, device, attachment in places:
        back = pinned[attachment.prog.id]
        yield actions.detach(device, attachment, back, namespace.path, may_be_done=True)
    yield actions.remove_pins((*going.pins, *directory.elsewhere))
    if len(going.pins) == len(directory.present) and directory.path != bpffs.ROOT:
        yield actions.remove_directory(directory.path)


def _check(places: tuple[Place, ...], going: Removal) -> None:
    """The pins are those that were seen, and no device runs the programs any more."""
    remaining = pinning.remaining(going)
    for pin in going.pins:
        if pin not in remaining:
            by_now = f"something else is pinned at {pin}" if os.path.lexists(pin) else f"{pin} has gone"
            raise Refused(f"{by_now} by now", "look what it is, and try again")
    for namespace, device, attachment in places:
        with contextlib.suppress(NoSuchDevice):  # it has gone, and nothing runs on it any more
            if iplink.device(device.ifname, namespace).attachments_of(frozenset({attachment.prog.id})):
                raise Refused(f"{device.ifname}{namespace.label} still runs {owners.describe(attachment)}")
