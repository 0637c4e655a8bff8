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


def why_unsafe(path: str) -> str:
    """Who else could decide what stands at a path; empty where nobody could."""
    if not path.startswith("/"):
        return "that isn't a whole path"
    steps: list[tuple[str, os.stat_result]] = []
    try:
        with reached(path, lambda at, found: steps.append((at, found))):
            pass
    except FileNotFoundError:
        pass  # then it matters who could make what is missing
    except OSError as error:
        return f"it can't be seen who could: {error.strerror}"
    for i, (at, found) in enumerate(steps, 1):
        if not is_ours(found):
            return f"{at} belongs to user {found.st_uid}"
        keeps_names = found.st_mode & stat.S_ISVTX and i < len(steps)
        if _others_can_write(found) and not keeps_names:
            return f"others can write to {at}"
    return ""


def _others_can_write(found: os.stat_result) -> bool:
    if stat.S_ISLNK(found.st_mode):
        return False
    by_group = found.st_mode & stat.S_IWGRP and found.st_gid not in (0, os.stat("/").st_gid)
    return bool(by_group or found.st_mode & stat.S_IWOTH)


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
    here, at = _start(path, look, held)
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
                here, at = _start(target, look, held)
            todo += _names(target)
        elif todo:
            here = step
        else:
            return here, name


def _start(path: str, look: Look, held: contextlib.ExitStack) -> tuple[int, str]:
    if not path.startswith("/"):
        return _held(os.open(".", STEP), held), ""
    root = _held(os.open("/", STEP), held)
    look("/", os.fstat(root))
    return root, "/"


def _names(path: str) -> list[str]:
    """From the last to the first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")] or ["."]


def _held(fd: int, held: contextlib.ExitStack) -> int:
    held.callback(os.close, fd)
    return fd
