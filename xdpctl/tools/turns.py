"""One xdpctl at a time: nothing that another one does comes between a look and what is done upon it.

A courtesy among xdpctls, by a lock on the directory of bpffs that ends with the process. Other tools don't
ask for it, and whoever waits in vain goes on: that all goes well is up to the kernel, and to looking.
"""

import fcntl
import os
import time

from xdpctl.tools import bpffs

PATIENCE = 5.0


_turn: int | None = None
"""The lock, as a file descriptor."""


def wait(patience: float = PATIENCE) -> None:
    """Returns when no other xdpctl is at work; then this one is, until it ends or waits again."""
    global _turn
    if _turn is not None:
        os.close(_turn)
    deadline = time.monotonic() + patience
    try:
        _turn = os.open(bpffs.ROOT, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        _turn = None  # nothing can be pinned there yet
        return
    while not _locked(_turn) and time.monotonic() < deadline:
        time.sleep(0.01)
    if not os.path.samestat(os.fstat(_turn), os.stat(bpffs.ROOT)):
        wait(deadline - time.monotonic())  # bpffs was mounted over it meanwhile


def _locked(directory: int) -> bool:
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
