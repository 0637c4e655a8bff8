"""A mount namespace of our own: what is mounted and pinned in it ends with it, whatever ends xdpctl."""

import os

from xdpctl.core.machine.model import Argv
from xdpctl.core.plan import actions
from xdpctl.core.plan.plan import Plan, step
from xdpctl.errors import Refused
from xdpctl.tools import bpffs, proc

HERE = bpffs.ROOT
"""Where our own mounts lie: this directory is on every machine, and nothing else is needed from it."""
PINS = f"{HERE}/pins"
COPY = f"{HERE}/copy"
"""Of an object, in a directory of this name."""

ENTER: Argv = ("exec", "unshare", "--mount", "--propagation", "private", "sh")
"""The same for a shell. With `exec`, or lines that are pasted with it might run outside."""
ENTER_BELOW: Argv = ("exec", "unshare", "--mount", "--propagation", "slave", "sh")
"""One in which is seen what others mount meanwhile."""
ENTERING = step("enter a mount namespace of its own, which all ends with", ENTER)
TMPFS = step(f"mount a tmpfs over {HERE}", ("mount", "-t", "tmpfs", "tmpfs", HERE))
BPFFS: Plan = (actions.make_directory(PINS), actions.mount_bpffs(PINS))

_CLONE_NEWNS = 0x00020000
_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18
_MS_SLAVE = 1 << 19


def enter(below: bool = False) -> None:
    """From here on, neither this process nor those that it starts mount anything for others."""
    import ctypes

    proc.shown(ENTER_BELOW if below else ENTER)
    propagation = _MS_SLAVE if below else _MS_PRIVATE
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, _MS_REC | propagation, None):
        raise Refused(f"no mount namespace can be made: {os.strerror(ctypes.get_errno())}")
