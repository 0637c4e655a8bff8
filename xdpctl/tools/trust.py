"""Paths that lead through what others own: each step is looked at before the next is taken from it.

What is looked at is held by a descriptor, so that whatever others do to the path meanwhile changes nothing.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator

from xdpctl.errors import BadRequest

MOST_LINKS = 40
DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
Look = Callable[[str, os.stat_result], None]
"""Sees each directory and link on the way, and what stands at its end, if anything does."""


def is_ours(found: os.stat_result) -> bool:
    """Root's, or of whoever runs xdpctl; in a container root may be somebody else, who owns / then."""
    return found.st_uid in (0, os.geteuid(), os.stat("/").st_uid)


def refuse_links_of_others(path: str, found: os.stat_result) -> None:
    """As the kernel does it in /tmp: who has planted a link, would choose what is written."""
    if stat.S_ISLNK(found.st_mode) and not is_ours(found):
        raise BadRequest(
            f"{path} is a link of user {found.st_uid}, which isn't followed to write something",
            "name the place that it leads to, if that is meant",
        )


@contextlib.contextmanager
def reached(path: str, look: Look = refuse_links_of_others) -> Iterator[tuple[int, str]]:
    """The directory, held open, in which the last name of a path stands, and this name, which is no link."""
    with contextlib.ExitStack() as held:
        yield _walk(path, look, held)


@contextlib.contextmanager
def directory(path: str) -> Iterator[int]:
    """A directory, held open."""
    with reached(path) as (place, name), contextlib.ExitStack() as held:
        yield _held(os.open(name, DIRECTORY, dir_fd=place), held)


def _walk(path: str, look: Look, held: contextlib.ExitStack) -> tuple[int, str]:
    here, at = _start(path, held)
    todo = _names(path)
    links = 0
    while True:
        name = todo.pop()
        at = os.path.join(at, name)
        try:
            step = _held(os.open(name, STEP, dir_fd=here), held)
        except OSError as error:
            if error.errno == errno.ENOENT and not todo:
                return here, name
            error.filename = at
            raise
        found = os.fstat(step)
        look(at, found)
        if stat.S_ISLNK(found.st_mode):
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink("", dir_fd=step)
            at = os.path.dirname(at)
            if target.startswith("/"):
                here, at = _start(target, held)
            todo += _names(target)
        elif todo:
            here = step
        else:
            return here, name


def _start(path: str, held: contextlib.ExitStack) -> tuple[int, str]:
    at = "/" if path.startswith("/") else ""
    return _held(os.open(at or ".", STEP), held), at


def _names(path: str) -> list[str]:
    """From the last to the first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")] or ["."]


def _held(fd: int, held: contextlib.ExitStack) -> int:
    held.callback(os.close, fd)
    return fd
