"""Network namespaces, entered by their file for the network calls alone: pins stay where they are."""

import os
from pathlib import Path

from msgspec import Struct

from xdpctl.core import mounts
from xdpctl.core.model import Argv
from xdpctl.core.suggest import did_you_mean
from xdpctl.errors import BadRequest
from xdpctl.tools import bpffs

NAMED = "/run/netns"
OWN = "/proc/self/ns/net"


class Netns(Struct, frozen=True):
    path: str | None = None
    """The namespace's file; None for the one that xdpctl itself runs in."""

    @property
    def prefix(self) -> Argv:
        return () if self.path is None else ("nsenter", f"--net={self.path}")

    @property
    def name(self) -> str:
        """What --netns calls it; empty for this one."""
        return "" if self.path is None else self.path.removeprefix(NAMED + "/")

    @property
    def label(self) -> str:
        """How to tell its devices from those of this namespace: ` in netns lab`."""
        return f" in netns {self.name}" if self.name else ""


HERE = Netns()


def names() -> tuple[str, ...]:
    return tuple(sorted(os.listdir(NAMED))) if os.path.isdir(NAMED) else ()


def named(name: str) -> Netns:
    """The namespace of a name or path; this one where there is none."""
    if not name:
        return HERE
    path = name if "/" in name else f"{NAMED}/{name}"
    if not Path(path).exists():
        raise BadRequest(f"there is no network namespace {path}", *did_you_mean(name, names()))
    return Netns(path)


def same(one: Netns, other: Netns) -> bool:
    """Not where the last process of one has ended meanwhile."""
    try:
        return os.path.samefile(one.path or OWN, other.path or OWN)
    except OSError:
        return False


def everywhere() -> tuple[Netns, ...]:
    """Every namespace that a file or a process keeps, this one first."""
    found = {os.stat(OWN).st_ino: HERE}
    kept = map(Path, mounts.network_namespaces(bpffs.mounted()))
    for path in (*kept, *Path("/proc").glob("[0-9]*/ns/net")):
        try:
            found.setdefault(path.stat().st_ino, Netns(str(path)))
        except OSError:
            continue  # the process has ended, or belongs to somebody else
    return tuple(found.values())
