"""Load an object, pin its program and maps, and attach it: all or nothing."""

import functools
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import directories
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import Mode, ModeChoice
from xdpctl.core.objects.check import check_loadable
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.plan import actions, plan
from xdpctl.ops import apply
from xdpctl.tools import attaching, bpftool, host, iplink, pinning, proc, turns
from xdpctl.tools.attaching import Attaching
from xdpctl.tools.files import objects
from xdpctl.tools.netns import HERE, Netns, named


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

    Each of object, directory and device is looked at whole, and judged before the next one is asked for.
    """
    netns = named(request.netns)
    path = objects.choose(request.path)
    data = objects.read(path)
    found = check_loadable(data, str(path))
    if not request.dry_run:
        host.require_privileges()
        turns.wait()
    directory = pinning.place_to_load(request.pin)
    directories.check_free(directory, _pinned_names(found))
    if request.device is not None and (host.privileged() or netns is HERE):
        meanwhile = None if request.dry_run else proc.ready_to_act
        device = iplink.device(request.device, netns, meanwhile)
        attaching.check_free(device, netns)
    return Prepared(request, found, _operation(request, str(path), found, directory, netns))


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


def _operation(
    request: Request, path: str, found: BpfObject, directory: PinDirectory, netns: Netns
) -> apply.Operation:
    """The steps, and what looks after those that tools do for us."""
    card = request.device if request.mode is ModeChoice.OFFLOAD else None
    loading, *tidying = actions.load(path, found, request.pin, card, netns.prefix)
    wanted = tuple(f"{request.pin}/{name}" for name in _pinned_names(found))
    internal = tuple(f"{request.pin}/{name}" for name in actions.internal_pins(path, found))
    steps = (*actions.make_place(directory), loading, *tidying)
    care: dict[plan.Step, apply.Care] = {
        **pinning.MOUNTING,
        loading: pinning.Pinned(wanted, internal, by_own_names=True),
    }
    if request.device is not None:
        attach = actions.attach(request.device, wanted[0], request.mode.tried, netns.prefix)
        program = functools.cache(lambda: bpftool.pinned_program(wanted[0]).id)
        care[attach] = Attaching(request.device, netns, program)
        steps = (*steps, attach)
    return apply.Operation(plan=steps, care=care, last=True)
