"""How often programs run, which the kernel counts only when it is asked to."""

from collections.abc import Iterator
from contextlib import contextmanager

from xdpctl.core.machine.model import ProgId
from xdpctl.errors import HostLacks, Refused
from xdpctl.tools import bpftool, host, proc
from xdpctl.tools.libbpf import CallRefused, programs

SETTING = "kernel.bpf_stats_enabled"


@contextmanager
def counted() -> Iterator[bool]:
    """Has the kernel count for as long as this lasts, however it ends; False where it can't.

    The kernel does so while a file is open, which libbpf opens. A shell has only the setting.
    """
    if (host.read(f"/proc/sys/{SETTING.replace('.', '/')}") or "").strip() == "1":
        yield True
        return
    try:
        counting = programs.count_runs()
    except (HostLacks, CallRefused):
        yield False
        return
    proc.shown(("sysctl", "-q", f"{SETTING}=1"))
    try:
        with counting:
            yield True
    finally:
        proc.shown(("sysctl", "-q", f"{SETTING}=0"))


def total(ids: frozenset[ProgId]) -> int:
    """How often these programs ran while that was counted."""
    found = [p for p in bpftool.programs_without_pins() if p.id in ids]
    if gone := ids - {p.id for p in found}:
        raise Refused(
            f"the program with id {min(gone)} has gone meanwhile, says bpftool",
            "xdpctl status shows programs",
        )
    return sum(p.run_cnt for p in found)
