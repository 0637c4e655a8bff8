"""The steps that xdpctl's operations are made of: commands, and what undoes them."""

from xdpctl.core.machine.directories import PinDirectory, down_to
from xdpctl.core.machine.model import Attachment, Device, Mode, ProgId
from xdpctl.core.machine.paths import BPFFS
from xdpctl.core.plan.plan import Act, Exchange, Known, Plan, Step, exchanging, step


def mount_bpffs(where: str) -> Step:
    return step(f"mount bpffs at {where}", ("mount", "-t", "bpf", "bpf", where), ("umount", where))


def make_directory(path: str) -> Step:
    return step(f"make the directory {path}", ("mkdir", path), ("rmdir", path))


def make_place(directory: PinDirectory) -> Plan:
    """For a directory to be there; on a bpffs that is yet to be mounted, all of it is missing."""
    if not directory.needs_mount:
        return tuple(map(make_directory, directory.missing))
    below = (path for path in down_to(directory.path) if path.startswith(f"{BPFFS}/"))
    return (mount_bpffs(BPFFS), *map(make_directory, below))


def attach(device: str, pin: str, modes: tuple[Mode, ...], netns: str | None = None) -> Step:
    """Put a pinned program on a device, as everybody does by hand; it is undone if it runs there."""
    comes = Known(pin)
    ways = [Exchange(device=device, mode=mode, comes=comes, netns=netns) for mode in modes]
    acts = (Act(way.line, (way.reversed,), way.mode) for way in ways)
    return Step(f"attach to {device}", tuple(acts))


def undo_attach(device: Device, program: ProgId, netns: str | None) -> tuple[Exchange, ...]:
    """Takes a program off a device, if it runs there."""
    attached = device.attachments_of(frozenset({program}))
    return tuple(_off(device, a, Known(id=program, name=a.prog.name), netns) for a in attached)


def detach(
    device: Device, attachment: Attachment, pin: str | None, netns: str | None, may_be_done: bool = False
) -> Step:
    """Take a program off a device; what is pinned can be put back."""
    goes = Known(pin or "", attachment.prog.id, attachment.prog.name)
    return exchanging(f"detach from {device.ifname}", _off(device, attachment, goes, netns), may_be_done)


def _off(device: Device, attachment: Attachment, goes: Known, netns: str | None) -> Exchange:
    return Exchange(
        device=device.ifname,
        mode=attachment.mode.mode,
        goes=goes,
        netns=netns,
        ifindex=device.ifindex,
    )


def remove_pins(pins: tuple[str, ...]) -> Step:
    return Step("remove the pins", (Act(("rm", *pins)),), final=True)


def remove_directory(path: str) -> Step:
    return step(f"remove the directory {path}", ("rmdir", path))
