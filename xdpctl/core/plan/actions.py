"""The steps that xdpctl's operations are made of: commands, and what undoes them."""

from xdpctl.core.machine.directories import PinDirectory, down_to
from xdpctl.core.machine.model import Argv, Device, Mode, ProgId
from xdpctl.core.machine.paths import BPFFS
from xdpctl.core.plan.plan import Act, Plan, Step, step


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


def attach(device: str, pin: str, modes: tuple[Mode, ...], inside: Argv = ()) -> Step:
    """Put a pinned program on a device; `inside` enters the device's network namespace."""
    return Step(
        f"attach to {device}",
        tuple(
            Act(
                (*inside, *_set(device, mode), "pinned", pin),
                ((*inside, *_set(device, mode), "off"),),
                str(mode),
            )
            for mode in modes
        ),
    )


def undo_attach(device: Device, program: ProgId, inside: Argv) -> tuple[Argv, ...]:
    """Takes a program off a device, if it runs there."""
    attached = device.attachments_of(frozenset({program}))
    return tuple((*inside, *_set(device.ifname, a.mode.mode), "off") for a in attached)


def detach(device: str, mode: Mode, pin: str | None, inside: Argv = ()) -> Step:
    """Take a program off a device; what is pinned can be put back."""
    undo = () if pin is None else ((*inside, *_set(device, mode), "pinned", pin),)
    return step(f"detach from {device}", (*inside, *_set(device, mode), "off"), *undo)


def _set(device: str, mode: Mode) -> Argv:
    return ("ip", "link", "set", "dev", device, mode.ip_word)


def remove_pins(pins: tuple[str, ...]) -> Step:
    return Step("remove the pins", (Act(("rm", *pins)),), final=True)


def remove_directory(path: str) -> Step:
    return step(f"remove the directory {path}", ("rmdir", path))
