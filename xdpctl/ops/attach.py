"""Put a pinned program on a device."""

from msgspec import Struct

from xdpctl.core.machine import owners, paths
from xdpctl.core.machine.model import Mode, ModeChoice
from xdpctl.core.plan import actions, plan
from xdpctl.ops import apply
from xdpctl.tools import attaching, bpftool, host, iplink, turns
from xdpctl.tools.attaching import Attaching
from xdpctl.tools.netns import Netns, named


class Request(Struct, frozen=True):
    device: str
    program: str
    """Which one; empty for the only one."""
    pin: str
    mode: ModeChoice
    netns: str
    dry_run: bool


class Attached(Struct, frozen=True):
    device: str
    program: str
    mode: Mode
    fell_back: str


class Prepared(Struct, frozen=True):
    device: str
    program: str
    operation: apply.Operation


def prepare(request: Request) -> Prepared:
    name, pin, netns = request.device, request.pin, named(request.netns)
    if request.dry_run and not host.privileged():
        unseen = request.program or "PROGRAM"
        step = _step(name, f"{pin}/{unseen}", request.mode, netns)
        return Prepared(name, unseen, apply.Operation(plan=(step,)))
    host.require_privileges()
    if not request.dry_run:
        turns.wait()
    attaching.check_free(iplink.device(name, netns), netns)
    found = owners.the_program(bpftool.programs(), pin, request.program)
    step = _step(name, paths.below(found.pinned, pin)[0], request.mode, netns)
    care = {step: Attaching(name, netns, lambda: found.id)}
    return Prepared(name, found.name, apply.Operation(plan=(step,), care=care, last=True))


def _step(name: str, pinned: str, mode: ModeChoice, netns: Netns) -> plan.Step:
    return actions.attach(name, pinned, mode.tried, netns.path)


def run(prepared: Prepared) -> Attached:
    (outcome,) = apply.run(prepared.operation)
    return Attached(prepared.device, prepared.program, Mode(outcome.act.way), outcome.fell_back)
