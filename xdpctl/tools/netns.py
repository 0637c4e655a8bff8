"""Network namespaces, entered by their file for the network calls alone: pins stay where they are."""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import mounts
from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.shell import inside
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import NoSuchNetns, NotPermitted, XdpctlError
from xdpctl.tools import bpffs

NAMED = "/run/netns"
OWN = "/proc/self/ns/net"
NS_GET_NSTYPE, CLONE_NEWNET = 0xB703, 0x40000000


class Netns(Struct, frozen=True):
    path: str | None = None
    """The namespace's file; None for the one that xdpctl itself runs in."""

    @property
    def prefix(self) -> Argv:
        return inside(self.path)

    @property
    def name(self) -> str:
        """What --netns calls it; empty for this one."""
        return "" if self.path is None else self.path.removeprefix(NAMED + "/")

    @property
    def label(self) -> str:
        """How to tell its devices from those of this namespace: ` in netns lab`."""
        return f" in netns {self.name}" if self.name else ""


HERE = Netns()


@contextlib.contextmanager
def entered(netns: Netns) -> Iterator[None]:
    """This thread is in a namespace for as long as this lasts, for calls that take no process."""
    if netns.path is None:
        yield
        return
    with _file("/proc/thread-self/ns/net") as back, _file(netns.path) as there:
        try:
            _enter(there, netns.path)
            yield
        finally:  # even where a signal came before it was entered
            _enter(back, netns.path)


@contextlib.contextmanager
def _file(path: str) -> Iterator[int]:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise _not_entered(path, error.errno) from None
    try:
        yield file
    finally:
        os.close(file)


def _enter(file: int, path: str) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(file, CLONE_NEWNET):
        raise _not_entered(path, ctypes.get_errno())


def _not_entered(path: str, number: int | None) -> XdpctlError:
    if number in (errno.EPERM, errno.EACCES):
        return NotPermitted(f"{path} can't be entered without root", "run xdpctl as root")
    return NoSuchNetns(f"{path} is no network namespace", "ip netns list shows those that have a name")


def names() -> tuple[str, ...]:
    return tuple(sorted(os.listdir(NAMED))) if os.path.isdir(NAMED) else ()


def named(name: str) -> Netns:
    """The namespace of a name or path; this one where there is none."""
    if not name:
        return HERE
    path = name if "/" in name else f"{NAMED}/{name}"
    if not Path(path).exists():
        raise NoSuchNetns(f"there is no network namespace {path}", *did_you_mean(name, names()))
    return Netns(path)


def same(one: Netns, other: Netns) -> bool:
    """Not where the last process of one has ended meanwhile."""
    try:
        return os.path.samefile(one.path or OWN, other.path or OWN)
    except OSError:
        return False


def is_lab(netns: Netns) -> bool:
    """Whether it is surely another one than that of the first process, in which a machine has its cards."""
    first = _files_number(Netns("/proc/1/ns/net"))
    with entered(netns):
        here = _files_number(Netns("/proc/thread-self/ns/net"))
    return 0 not in (first, here) and first != here


def everywhere() -> dict[int, list[Netns]]:
    """The ways into each namespace that a file or a process keeps, by its number; this one first.

    There is no way where other mounts cover the file.
    """
    processes = [name for name in os.listdir("/proc") if name.isdecimal()]
    ways = {os.stat(OWN).st_ino: [HERE]}
    kept = mounts.network_namespaces(bpffs.mounted())
    for number, file in kept:
        ways.setdefault(number, []).extend(way for way in [Netns(file)] if leads_to(way, number))
    for number, way in _of_processes(processes):
        ways.setdefault(number, []).append(way)
    for number, way in _of_others(processes):
        ways.setdefault(number, []).append(way)
    for number, file in kept:
        others = (Netns(f"/proc/{process}/root{file}") for process in processes)
        ways[number] = ways[number] or [way for way in others if leads_to(way, number)]
    return ways


def _of_others(processes: Sequence[str]) -> Iterator[tuple[int, Netns]]:
    """Namespaces that a process keeps by an open file, or by a mount that only it and its like see."""
    seen, of_namespaces = {os.stat("/proc/self/ns/mnt").st_ino}, os.stat(OWN).st_dev
    for process in processes:
        with contextlib.suppress(OSError):
            number = os.stat(f"/proc/{process}/ns/mnt").st_ino
            if number not in seen:
                seen.add(number)
                for kept, file in mounts.network_namespaces(bpffs.mounted(process)):
                    yield kept, Netns(f"/proc/{process}/root{file}")
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                path = f"/proc/{process}/fd/{descriptor}"
                with contextlib.suppress(OSError):  # it has been closed meanwhile
                    if (found := os.stat(path)).st_dev == of_namespaces and _is_network(path):
                        yield found.st_ino, Netns(path)


def _is_network(path: str) -> bool:
    """Whether a file of a namespace is that of a network."""
    import fcntl

    file = os.open(path, os.O_RDONLY)
    try:
        return fcntl.ioctl(file, NS_GET_NSTYPE) == CLONE_NEWNET
    finally:
        os.close(file)


def leads_to(way: Netns, number: int) -> bool:
    """Whether a namespace is still there."""
    try:
        return os.stat(way.path or OWN).st_ino == number
    except PermissionError:
        return _files_number(way) == number
    except OSError:
        return False


def covered(number: int) -> str | None:
    """A file that keeps a namespace, and can't be reached; None where it has gone meanwhile."""
    kept = mounts.network_namespaces(bpffs.mounted())
    return next((file for other, file in kept if other == number), None)


def _of_processes(processes: Sequence[str]) -> Iterator[tuple[int, Netns]]:
    """Which namespaces processes are in; of those of somebody else, the ones that nobody else is in."""
    hidden, seen = [], [HERE]
    for process in processes:
        way = Netns(f"/proc/{process}/ns/net")
        try:
            yield os.stat(f"{way.path}").st_ino, way
            seen.append(way)
        except PermissionError:
            hidden.append(way)
        except OSError:
            continue  # it has ended meanwhile
    known = {0, *map(_files_number, seen)} if hidden else set()
    yield from ((number, way) for way in hidden if (number := _files_number(way)) not in known)


def _files_number(way: Netns) -> int:
    """Of a file that each network namespace has of its own, and everybody may see; 0 where it has gone."""
    try:
        return os.stat((way.path or OWN).replace("/ns/net", "/net/dev")).st_ino
    except OSError:
        return 0
