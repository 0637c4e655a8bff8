"""Load an object, pin its program and maps, and attach it: all or nothing."""

import functools
import os
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import owners
from xdpctl.core.machine.model import Mode, ModeChoice
from xdpctl.core.objects.check import check_loadable
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.plan import actions, plan
from xdpctl.errors import AlreadyPinned, BadRequest
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, host, iplink, pinning, proc, turns
from xdpctl.tools.attaching import Attaching
from xdpctl.tools.files import objects
from xdpctl.tools.netns import Netns, named


class Request(Struct, frozen=True):
    path: Path | None
    """None for the object in bpf/."""
    pin: str
    device: str | None
    mode: ModeChoice
    netns: str
    dry_run: bool


class Loaded(Struct, frozen=True):
    program: str
    maps: tuple[str, ...]
    pin: str
    device: str | None
    mode: Mode | None
    fell_back: str
    """Why the device runs it in generic mode, though native was tried first."""


class Prepared(Struct, frozen=True):
    request: Request
    found: BpfObject
    operation: apply.Operation


def prepare(request: Request) -> Prepared:
    """The plan, after every check that can be made without changing anything."""
    netns = named(request.netns)
    path = objects.choose(request.path)
    found = check_loadable(objects.read(path), str(path))
    if not request.dry_run:
        host.require_privileges()
        turns.wait()
    places = pinning.directory_steps(request.pin)
    if host.privileged():
        _refuse_taken(request.pin, found)
    if request.device is not None:
        _refuse_occupied(request.device, netns, request.dry_run)
    card = request.device if request.mode is ModeChoice.OFFLOAD else None
    loading, *tidying = actions.load(str(path), found, request.pin, card, netns.prefix)
    names = (found.xdp_programs[0], *found.maps), actions.internal_pins(str(path), found)
    wanted, internal = (tuple(f"{request.pin}/{name}" for name in some) for some in names)
    steps = (*places, loading, *tidying)
    care: dict[plan.Step, apply.Care] = {
        **pinning.MOUNTING,
        loading: pinning.Pinned(wanted, internal, by_own_names=True),
    }
    if request.device is not None:
        attaching = actions.attach(request.device, wanted[0], request.mode.tried, netns.prefix)
        program = functools.cache(lambda: bpftool.pinned_program(wanted[0]).id)
        care[attaching] = Attaching(request.device, netns, program)
        steps = (*steps, attaching)
    return Prepared(request, found, apply.Operation(steps, care=care, last=True))


def run(prepared: Prepared) -> Loaded:
    outcomes = apply.run(prepared.operation)
    request, found = prepared.request, prepared.found
    attached = None if request.device is None else outcomes[-1]
    return Loaded(
        found.xdp_programs[0],
        found.maps,
        request.pin,
        request.device,
        None if attached is None else Mode(attached.act.way),
        "" if attached is None else attached.fell_back,
    )


def _refuse_occupied(name: str, netns: Netns, dry_run: bool) -> None:
    """The device must be free."""
    if dry_run and netns.path and not host.privileged():
        return  # only root can look into another namespace
    asked = proc.start(iplink.show_command(name, netns))
    if not dry_run:
        proc.ready_to_act()
    device = iplink.found(name, asked.result(), netns)
    if device.xdp.attached and not host.privileged():
        raise owners.occupied(device, None, (), netns.name)
    if device.xdp.attached:
        raise owners.occupied(device, bpftool.programs(), bpftool.links(), netns.name)


def _refuse_taken(pin: str, found: BpfObject) -> None:
    """A directory holds one program with its maps, and nothing of the same name."""
    if os.path.isfile(pin):
        raise BadRequest(f"{pin} is a pin, not a directory", "name the directory for the pins")
    present = bpffs.entries(pin)
    programs = owners.pinned_programs(bpftool.programs(), pin) if present else ()
    if programs:
        raise AlreadyPinned(
            f"{pin} already holds {' and '.join(p.name for p in programs)}",
            f"remove it first: xdpctl unload --pin {pin}",
            "or pin this program elsewhere: --pin DIR",
        )
    taken = [f"{pin}/{name}" for name in (found.xdp_programs[0], *found.maps) if name in present]
    if taken:
        raise AlreadyPinned(
            f"something else is pinned at {' and '.join(taken)}",
            f"if nothing needs it, remove it: rm {' '.join(taken)}",
            "or pin this program elsewhere: --pin DIR",
        )
