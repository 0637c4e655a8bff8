"""Take a program off every device, remove its pins, and see that it is gone."""

import time
from collections.abc import Callable, Iterator

from msgspec import Struct

from xdpctl.core import owners, plan
from xdpctl.core.model import Attachment, BpfLink, Device, ProgId, Program
from xdpctl.errors import BadRequest, Refused, XdpctlError
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, host, iplink, netns
from xdpctl.tools.netns import Netns

PATIENCE = 3.0
"""Seconds that the kernel may take to free a program after its last user has gone."""


class Prepared(Struct, frozen=True):
    pin: str
    programs: tuple[Program, ...]
    devices: tuple[str, ...]
    pins: tuple[str, ...]
    operation: apply.Operation


def prepare(pin: str, dry_run: bool) -> Prepared:
    if dry_run and not host.privileged():
        guess = (plan.remove_pins((f"{pin}/*",)), plan.remove_directory(pin))
        return Prepared(pin, (), (), (), apply.Operation(guess, frozenset(), frozenset))
    host.require_privileges()
    programs = owners.pinned_programs(bpftool.programs(), pin)
    present = bpffs.entries(pin)
    if not programs:
        raise BadRequest(
            f"no XDP program is pinned in {pin}" + (f", only {', '.join(present)}" if present else ""),
            "xdpctl status shows where programs are pinned",
        )
    maps, links = bpftool.maps(), bpftool.links()
    places = tuple(_places(owners.ids(programs), links))
    pins = tuple(dict.fromkeys(p for program in programs for p in owners.pins_of(program, maps, pin)))
    steps = tuple(_steps(pin, programs, places, pins, present))
    observe = _observer(pin, owners.ids(programs))
    devices = tuple(device.ifname + place.label for place, device, _ in places)
    return Prepared(pin, programs, devices, pins, apply.Operation(steps, observe(), observe))


def run(prepared: Prepared, sleep: Callable[[float], None] = time.sleep) -> None:
    apply.run(prepared.operation)
    waited = 0.0
    while (left := _alive(prepared)) and waited < PATIENCE:
        sleep(0.05)
        waited += 0.05
    if left:
        where = [f"it is also pinned at {path}" for program in left for path in program.pinned]
        raise Refused(
            f"{left[0].name} (id {left[0].id}) is still in the kernel",
            *(where or ["another process or a bpf link holds it: bpftool link show"]),
        )


def _alive(prepared: Prepared) -> tuple[Program, ...]:
    ids = owners.ids(prepared.programs)
    return tuple(p for p in bpftool.programs() if p.id in ids)


Place = tuple[Netns, Device, Attachment]


def _places(ids: frozenset[ProgId], links: tuple[BpfLink, ...]) -> Iterator[Place]:
    """Every device on which these programs run, in any network namespace."""
    for namespace in netns.everywhere():
        try:
            devices = iplink.devices(namespace)
        except XdpctlError:
            if namespace is netns.HERE:
                raise
            continue  # its last process has ended meanwhile
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
    present: tuple[str, ...],
) -> Iterator[plan.Step]:
    pinned = {p.id: owners.below(p.pinned, pin)[0] for p in programs}
    for namespace, device, attachment in places:
        back = pinned[attachment.prog.id]
        yield plan.detach(device.ifname, attachment.mode.mode, back, namespace.prefix)
    yield plan.remove_pins(pins)
    if len(pins) == len(present) and pin != bpffs.ROOT:
        yield plan.remove_directory(pin)


def _observer(pin: str, ids: frozenset[ProgId]) -> Callable[[], apply.Facts]:
    def observe() -> apply.Facts:
        pins = {f"{pin}/{name}" for name in bpffs.entries(pin)}
        running = {
            f"{d.ifname}: {owners.describe(a)}" for d in iplink.devices() for a in d.attachments_of(ids)
        }
        return frozenset(pins | running)

    return observe
