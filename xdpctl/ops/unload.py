"""Take a program off every device, remove its pins, and see that it is gone."""

import os
import time
from collections.abc import Callable, Iterator

from msgspec import Struct

from xdpctl.core.machine import mounts, owners
from xdpctl.core.machine.model import Attachment, BpfLink, Device, Map, MapId, ProgId, Program
from xdpctl.core.machine.shell import command_line
from xdpctl.core.plan import actions, plan
from xdpctl.errors import BadRequest, HalfDone, NoSuchProgram, NotYours, Refused
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, host, iplink, netns, proc, turns
from xdpctl.tools.netns import Netns

PATIENCE = 3.0
"""Seconds that the kernel may take to free a program after its last user has gone."""


class Prepared(Struct, frozen=True):
    pin: str
    programs: tuple[Program, ...]
    devices: tuple[str, ...]
    kept: tuple[str, ...]
    """Pins elsewhere that keep maps of these programs in the kernel."""
    maps: frozenset[MapId]
    """The maps that have to go."""
    operation: apply.Operation


def prepare(pin: str, force: bool, dry_run: bool) -> Prepared:
    if dry_run and _holds_only_pins(pin) and not host.privileged():
        guess = (plan.step("remove the pins", ("rm", f"{pin}/PROGRAM", f"{pin}/MAPS")),)
        return Prepared(pin, (), (), (), frozenset(), apply.Operation(guess, frozenset(), frozenset))
    host.require_privileges()
    if not dry_run:
        turns.wait()
    everyones, present = bpftool.programs(), bpffs.entries(pin)
    programs = owners.pinned_programs(everyones, pin)
    if not programs:
        raise _nothing_there(pin, present)
    elsewhere = _elsewhere(programs, pin)
    if not force:
        _refuse_others(everyones, programs, pin)
        _refuse_pinned_elsewhere(programs, elsewhere, pin)
    maps, links = bpftool.maps(), bpftool.links()
    places = tuple(_places(owners.ids(programs), links))
    used = dict.fromkeys(p for program in programs for p in owners.pins_of(program, maps, pin))
    others = (path for path in (f"{pin}/{name}" for name in present) if path not in used)
    pins = (*used, *(path for path in others if _came_with(programs, path)))
    steps = tuple(_steps(pin, programs, places, pins, elsewhere, present))
    own = {bpffs.identity(path) for path in pins}
    kept = tuple(
        path
        for m in maps
        if set(m.pinned) & set(pins)
        for path in m.pinned
        if bpffs.identity(path) not in own
    )
    observe = _observer(pin, owners.ids(programs), {place for place, _, _ in places})
    devices = tuple(device.ifname + place.label for place, device, _ in places)

    seen = {path: bpffs.identity(path) for path in pins}

    def check() -> None:
        for path, identity in seen.items():
            if not os.path.lexists(path) or bpffs.identity(path) != identity:
                raise Refused(f"something else is pinned at {path} by now", "look what it is, and try again")
        for place, device, attachment in places:
            if iplink.device(device.ifname, place).attachments_of(frozenset({attachment.prog.id})):
                raise Refused(f"{device.ifname}{place.label} still runs {owners.describe(attachment)}")

    operation = apply.Operation(steps, observe(), observe, check=check)
    ours = frozenset(m.id for m in maps if set(m.pinned) & set(pins) and not set(m.pinned) & set(kept))
    return Prepared(pin, programs, devices, kept, ours, operation)


def run(
    prepared: Prepared,
    detached: Callable[[], None],
    unloaded: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Both are called once that is so, or was done and can't be looked at."""

    def look() -> list[str]:
        waited = 0.0
        while (left := _alive(prepared)) and waited < PATIENCE:
            sleep(0.05)
            waited += 0.05
        return left

    def tell() -> None:
        detached()
        unloaded()

    programs = " and ".join(p.name for p in prepared.programs)
    what = f"whether {programs} is still in the kernel"
    left = apply.run_and_look(prepared.operation, look, tell, what)
    detached()
    if left:
        done = "detached and unpinned" if prepared.devices else "unpinned"
        raise HalfDone(
            f"{done}, but {' and '.join(left)} is still in the kernel",
            "another process, a bpf link or a device that can't be seen holds it: bpftool link show",
        )
    unloaded()


def _came_with(programs: tuple[Program, ...], path: str) -> bool:
    """Whether a pinned map was loaded with one of these programs, though they don't use it.

    They share their BTF. It is asked for map by map: where bpftool 7.1 lists several, a map without BTF
    seems to have that of the one before.
    """
    result = proc.query(bpftool.command("map", "show", "pinned", path))
    found = bpftool.read(result, Map) if result.ok else None
    if found is None or not found.btf_id or not owners.is_named_so(found, path):
        return False
    return any(program.btf_id == found.btf_id for program in programs)


def _holds_only_pins(directory: str) -> bool:
    """Whether it can be removed as a whole: bpffs itself, or what isn't in one, is never."""
    mounted = bpffs.mounted()
    return mounts.in_bpffs(directory, mounted) and not mounts.is_bpffs_root(directory, mounted)


def _nothing_there(pin: str, present: tuple[str, ...]) -> BadRequest:
    if not (present and _holds_only_pins(pin)):
        return NoSuchProgram(f"no XDP program is pinned in {pin}", "xdpctl status shows programs")
    return NoSuchProgram(
        f"no XDP program is pinned in {pin}, only {', '.join(present)}",
        f"if nothing needs that, remove it: {command_line(('rm', '-r', pin))}",
    )


def _refuse_others(everyones: tuple[Program, ...], programs: tuple[Program, ...], pin: str) -> None:
    yours = owners.ids(owners.yours(everyones, pin, mounts.is_bpffs_root(pin, bpffs.mounted())))
    if others := [program for program in programs if program.id not in yours]:
        raise owners.not_yours(others, pin)


def _elsewhere(programs: tuple[Program, ...], pin: str) -> tuple[str, ...]:
    """The other pins of the programs. A pin that is seen through two mounts is one pin."""
    own = {bpffs.identity(p) for program in programs for p in owners.below(program.pinned, pin)}
    return tuple(p for program in programs for p in program.pinned if bpffs.identity(p) not in own)


def _refuse_pinned_elsewhere(programs: tuple[Program, ...], elsewhere: tuple[str, ...], pin: str) -> None:
    """Such a program would stay in the kernel."""
    if elsewhere:
        name = next(program.name for program in programs if set(program.pinned) & set(elsewhere))
        raise NotYours(
            f"{name} is pinned at {' and '.join(elsewhere)} too",
            f"remove that first: {command_line(('rm', *elsewhere))}",
            f"or with all its pins: {command_line(('xdpctl', 'unload', '--pin', pin, '--force'))}",
        )


def _alive(prepared: Prepared) -> list[str]:
    ids = owners.ids(prepared.programs)
    programs = [f"program {p.name} (id {p.id})" for p in bpftool.programs() if p.id in ids]
    return programs + [f"map {m.name} (id {m.id})" for m in bpftool.maps() if m.id in prepared.maps]


Place = tuple[Netns, Device, Attachment]


def _places(ids: frozenset[ProgId], links: tuple[BpfLink, ...]) -> Iterator[Place]:
    """Every device on which these programs run, in any network namespace."""
    for namespace, devices in iplink.everywhere():
        for device in devices:
            for attachment in device.attachments_of(ids):
                if refusal := owners.held(device, attachment, links):
                    raise refusal
                yield namespace, device, attachment


def _steps(
    pin: str,
    programs: tuple[Program, ...],
    places: tuple[Place, ...],
    pins: tuple[str, ...],
    elsewhere: tuple[str, ...],
    present: tuple[str, ...],
) -> Iterator[plan.Step]:
    pinned = {p.id: owners.below(p.pinned, pin)[0] for p in programs}
    for namespace, device, attachment in places:
        back = pinned[attachment.prog.id]
        yield actions.detach(device.ifname, attachment.mode.mode, back, namespace.prefix)
    yield actions.remove_pins((*pins, *elsewhere))
    if len(pins) == len(present) and pin != bpffs.ROOT:
        yield actions.remove_directory(pin)


def _observer(pin: str, ids: frozenset[ProgId], others: set[Netns]) -> Callable[[], apply.Facts]:
    """Looks at the pins, and at the devices of this namespace and those with one of the programs."""

    def observe() -> apply.Facts:
        facts = {f"{pin}/{name}" for name in bpffs.entries(pin)}
        for namespace in {netns.HERE, *others}:
            for device in iplink.devices(namespace):
                for attachment in device.attachments_of(ids):
                    facts.add(f"{owners.describe(attachment)} on {device.ifname}{namespace.label}")
        return frozenset(facts)

    return observe
