"""Load an object, pin its programs and maps, and attach one: all or nothing."""

import os
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import directories
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import Mode, ModeChoice
from xdpctl.core.objects import choice
from xdpctl.core.objects.check import check_object
from xdpctl.core.plan import actions, plan
from xdpctl.core.plan.loading import Loading
from xdpctl.ops import apply
from xdpctl.tools import attaching, host, iplink, pinning, proc, turns
from xdpctl.tools.attaching import Attaching
from xdpctl.tools.files import objects
from xdpctl.tools.maps import sharing
from xdpctl.tools.netns import HERE, Netns, named


class Request(Struct, frozen=True):
    path: Path | None
    """None for the object in bpf/."""
    pin: str
    device: str | None
    mode: ModeChoice
    netns: str
    dry_run: bool
    program: str = ""
    """Which one; with `all`, the one that is attached."""
    all: bool = False
    use: tuple[tuple[str, str], ...] = ()
    """Maps of the object, and those that are there already and take their places."""


class Loaded(Struct, frozen=True):
    programs: tuple[str, ...]
    maps: tuple[str, ...]
    pin: str
    attached: str
    """The program that runs on the device."""
    device: str | None
    mode: Mode | None
    fell_back: str
    """Why the device runs it in generic mode, though native was tried first."""


class Prepared(Struct, frozen=True):
    request: Request
    loading: Loading
    attached: str
    operation: apply.Operation

    @property
    def notes(self) -> tuple[str, ...]:
        """What isn't as it is with most objects."""
        used = (f"{name} is the map {there[1]}, as it was" for name, there in self.loading.used.items())
        cut = (
            f"the kernel keeps 15 characters of {name}, its pin all"
            for name in self.loading.chosen.long_names
        )
        return (*used, *cut)


def prepare(request: Request) -> Prepared:
    """The plan, after every check that can be made without changing anything.

    Each of object, directory and device is looked at whole, and judged before the next one is asked for.
    """
    netns = named(request.netns)
    path = objects.choose(request.path)
    found = check_object(objects.read(path), str(path))
    chosen, attached = choice.to_load(found, str(path), request.program, request.all, bool(request.device))
    if not request.dry_run:
        host.require_privileges()
        turns.wait()
    directory = pinning.place_to_load(request.pin)
    loading = Loading(
        path=str(path),
        chosen=chosen,
        pin=request.pin,
        aside=f"xdpctl_{os.urandom(4).hex()}",
        used=dict(sharing.used(dict(request.use), chosen.object, str(path), request.pin, directory.present)),
        card=request.device if request.mode is ModeChoice.OFFLOAD else None,
        inside=netns.prefix,
    )
    directories.check_free(directory, loading.new_names)
    if request.device is not None and (host.privileged() or netns is HERE):
        meanwhile = None if request.dry_run else proc.ready_to_act
        device = iplink.device(request.device, netns, meanwhile)
        attaching.check_free(device, netns)
    return Prepared(request, loading, attached, _operation(request, loading, attached, directory, netns))


def run(prepared: Prepared) -> Loaded:
    outcomes = apply.run(prepared.operation)
    request, chosen = prepared.request, prepared.loading.chosen
    attached = None if request.device is None else outcomes[-1]
    return Loaded(
        programs=chosen.programs,
        maps=chosen.maps,
        pin=request.pin,
        attached=prepared.attached,
        device=request.device,
        mode=None if attached is None else Mode(attached.act.way),
        fell_back="" if attached is None else attached.fell_back,
    )


def _operation(
    request: Request, loading: Loading, attached: str, directory: PinDirectory, netns: Netns
) -> apply.Operation:
    """The steps, and what looks after those that tools do for us."""
    steps = (*actions.make_place(directory), *loading.steps())
    care: dict[plan.Step, apply.Care] = {
        **pinning.MOUNTING,
        loading.load: pinning.Pinned(loading.fresh, loading.internal, by_own_names=True),
        **{one: pinning.Pinned((pin,)) for pin, one in loading.pinning.items()},
        **{one: pinning.Copied(one) for one in loading.copying},
    }
    if request.device is not None:
        pin = f"{request.pin}/{attached}"
        attach = actions.attach(request.device, pin, request.mode.tried, netns.path)
        care[attach] = Attaching(request.device, netns, attaching.pinned(pin))
        steps = (*steps, attach)
    return apply.Operation(plan=steps, care=care, last=True)
