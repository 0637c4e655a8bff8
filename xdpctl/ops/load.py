"""Load an object, pin its program and maps, and attach it: all or nothing."""

import functools
import os
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import directories, owners
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import Device, Mode, ModeChoice
from xdpctl.core.objects.check import check_loadable
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.plan import actions, plan
from xdpctl.errors import DeviceBusy
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
    """The plan, after every check that can be made without changing anything.

    The object comes first, then the directory, then the device: of what comes after one that won't do,
    nothing is asked.
    """
    netns = named(request.netns)
    path = objects.choose(request.path)
    found = check_loadable(objects.read(path), str(path))
    if not request.dry_run:
        host.require_privileges()
        turns.wait()
    places = pinning.directory_steps(request.pin)
    if host.privileged():
        directories.check_free(_directory(request.pin), _pinned_names(found))
    device = _device(request, netns)
    if device is not None and device.xdp.attached:
        raise _occupied(device, netns)
    return Prepared(request, found, _operation(request, str(path), found, places, netns))


def run(prepared: Prepared) -> Loaded:
    outcomes = apply.run(prepared.operation)
    request, found = prepared.request, prepared.found
    attached = None if request.device is None else outcomes[-1]
    return Loaded(
        program=found.xdp_programs[0],
        maps=found.maps,
        pin=request.pin,
        device=request.device,
        mode=None if attached is None else Mode(attached.act.way),
        fell_back="" if attached is None else attached.fell_back,
    )


def _pinned_names(found: BpfObject) -> tuple[str, ...]:
    return (found.xdp_programs[0], *found.maps)


def _directory(pin: str) -> PinDirectory:
    present = bpffs.entries(pin)
    everyones = bpftool.programs() if present else ()
    return PinDirectory(path=pin, present=present, everyones=everyones, is_pin=os.path.isfile(pin))


def _device(request: Request, netns: Netns) -> Device | None:
    """It is asked for while `sh` is imported. Only root can look into another namespace."""
    unseen = request.dry_run and netns.path and not host.privileged()
    if request.device is None or unseen:
        return None
    asked = proc.start(iplink.show_command(request.device, netns))
    if not request.dry_run:
        proc.ready_to_act()
    return iplink.found(request.device, asked.result(), netns)


def _occupied(device: Device, netns: Netns) -> DeviceBusy:
    """Without root it can't be seen by whom."""
    if not host.privileged():
        return owners.occupied(device, None, (), netns.name)
    return owners.occupied(device, bpftool.programs(), bpftool.links(), netns.name)


def _operation(
    request: Request, path: str, found: BpfObject, places: plan.Plan, netns: Netns
) -> apply.Operation:
    """The steps, and what looks after those that tools do for us."""
    card = request.device if request.mode is ModeChoice.OFFLOAD else None
    loading, *tidying = actions.load(path, found, request.pin, card, netns.prefix)
    wanted = tuple(f"{request.pin}/{name}" for name in _pinned_names(found))
    internal = tuple(f"{request.pin}/{name}" for name in actions.internal_pins(path, found))
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
    return apply.Operation(plan=steps, care=care, last=True)
