"""The pin that a name in a directory stands for, and where it really is."""

import os

from xdpctl.core.machine.identifiers import NAME_LENGTH, cut
from xdpctl.core.machine.shell import command_line
from xdpctl.errors import BadRequest
from xdpctl.tools import bpffs


def pin_at(path: str, kind: str) -> str | None:
    """The path without links; None where nothing is."""
    if os.path.isdir(path):
        raise BadRequest(f"{path} is a directory, not a {kind}", bpffs.listing(path))
    return os.path.realpath(path) if os.path.exists(path) else None


def pin_in(directory: str, name: str, kind: str) -> str | None:
    """By its whole name, or by what the kernel keeps of it, and other tools show: only one may begin so."""
    if (found := pin_at(f"{directory}/{name}", kind)) or len(name) != NAME_LENGTH:
        return found
    longer = [pin for pin in bpffs.entries(directory) if cut(pin) == name]
    return pin_at(f"{directory}/{longer[0]}", kind) if len(longer) == 1 else None


def own_pin(name: str, directory: str, kind: str) -> str | None:
    """One that lies in the directory itself: what is written is nowhere else."""
    pin = pin_in(directory, name, kind)
    if pin is not None and os.path.dirname(pin) != directory:
        raise BadRequest(
            f"{directory}/{name} is a link to {pin}, and no {kind} is written elsewhere by a bare name",
            f"name it by its path: {command_line((pin,))}",
        )
    return pin
