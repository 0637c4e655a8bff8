"""Put a pinned program on a device."""

from msgspec import Struct

from xdpctl.core import owners, plan
from xdpctl.core.model import Argv, Device, Mode, ModeChoice, ProgId
from xdpctl.ops import apply
from xdpctl.tools import bpftool, host, iplink
from xdpctl.tools.netns import named


class Attached(Struct, frozen=True):
    device: str
    program: str
    mode: Mode
    fell_back: str


class Prepared(Struct, frozen=True):
    device: str
    program: str
    operation: apply.Operation


def prepare(name: str, pin: str, mode: ModeChoice, netns_name: str, dry_run: bool) -> Prepared:
    netns = named(netns_name)
    if dry_run and not host.privileged():
        device, program, pinned, program_id = Device(name), "PROGRAM", f"{pin}/PROGRAM", ProgId(0)
    else:
        host.require_privileges()
        device, programs = iplink.device(name, netns), bpftool.programs()
        if device.xdp.attached:
            raise owners.occupied(device, programs, bpftool.links())
        found = owners.the_program(programs, pin)
        program, pinned, program_id = found.name, owners.below(found.pinned, pin)[0], found.id
    steps = (plan.attach(name, pinned, mode.tried, netns.prefix),)

    def observe() -> apply.Facts:
        return owners.running(iplink.device(name, netns))

    def settle(_step: plan.Step, _error: BaseException) -> tuple[Argv, ...]:
        return plan.undo_attach(iplink.device(name, netns), program_id, netns.prefix)

    return Prepared(name, program, apply.Operation(steps, owners.running(device), observe, settle))


def run(prepared: Prepared) -> Attached:
    (outcome,) = apply.run(prepared.operation)
    return Attached(prepared.device, prepared.program, Mode(outcome.act.way), outcome.fell_back)
