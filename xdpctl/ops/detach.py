"""Take our program off a device, in the mode in which it is attached."""

from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from xdpctl.core.machine import directories, owners
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import Attachment, Device, ProgId
from xdpctl.core.plan import actions
from xdpctl.core.wording import join
from xdpctl.errors import HalfDone, NoSuchDevice, NoSuchProgram, Refused
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, host, iplink, turns
from xdpctl.tools.attaching import detaching
from xdpctl.tools.netns import Netns, named


class Prepared(Struct, frozen=True):
    device: Device
    attachments: tuple[Attachment, ...]
    netns: Netns
    operation: apply.Operation


def prepare(name: str, pin: str, netns_name: str, force: bool, dry_run: bool) -> Prepared:
    netns = named(netns_name)
    if host.privileged() and not dry_run:
        turns.wait()
    device = iplink.device(name, netns)
    if not device.xdp.attached:
        raise NoSuchProgram(f"no program runs on {name}{netns.label}", "xdpctl status shows where one does")
    attachments = device.xdp.attached
    pinned: dict[ProgId, str] = {}
    if not (dry_run and not host.privileged()):
        host.require_privileges()
        programs, links = bpftool.programs(), bpftool.links()
        directory = PinDirectory(path=pin, everyones=programs, mounted=bpffs.mounted())
        attachments = directories.detachable(directory, device, links, force, netns.name)
        pinned = {p.id: p.pinned[0] for p in programs if p.pinned}
    steps = tuple(actions.detach(device, a, pinned.get(a.prog.id), netns.path) for a in attachments)

    def observe() -> apply.Facts:
        with suppress(NoSuchDevice):  # it has gone, and what ran on it
            return owners.running(iplink.device(name, netns))
        return frozenset()

    care = detaching(steps)
    operation = apply.Operation(plan=steps, before=owners.running(device), observe=observe, care=care)
    return Prepared(device, attachments, netns, operation)


def run(prepared: Prepared, tell: Callable[[], None]) -> None:
    """Detach, and look whether it is gone: `ip` succeeds too where it did nothing. Then `tell` says so."""
    name = prepared.device.ifname
    ids = frozenset(a.prog.id for a in prepared.attachments)

    def look() -> tuple[Attachment, ...]:
        return iplink.device(name, prepared.netns).attachments_of(ids)

    programs = join(a.prog.name or "a program" for a in prepared.attachments)
    if still := apply.run_and_look(prepared.operation, look, tell, f"whether {name} still runs {programs}"):
        kind = Refused if len(still) == len(prepared.attachments) else HalfDone
        raise kind(f"{name} still runs {owners.describe(still[0])}")
    tell()
