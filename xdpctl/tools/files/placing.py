"""Files put where others may write too: each is there whole or not at all, and none is written through
a link.

They are made in a directory of our own beside their place, and moved there: what has their names is
replaced, whatever it leads to.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from xdpctl.errors import BadRequest, FileUnusable
from xdpctl.tools import signals
from xdpctl.tools.files import trust

OLD = ".old"
UNFOLLOWED = os.O_NOFOLLOW | os.O_NONBLOCK
"""Not to wait for what may be a pipe by now, either."""


class Aside:
    """Where files are made: nobody else can write there, or exchange it, since it is held open."""

    def __init__(self, own: int, place: int) -> None:
        """The directory, and the one that the files are for."""
        self._own, self._place = own, place
        self._files: list[str] = []

    @property
    def cwd(self) -> Path:
        """Leads there, whatever it is called by now."""
        return Path(f"/proc/self/fd/{self._own}")

    def create(self, name: str) -> BinaryIO:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=self._own)
        self._files.append(name)
        return os.fdopen(file, "wb")

    def write(self, name: str, content: bytes) -> None:
        with self.create(name) as file:
            file.write(content)

    def move(self, *names: str) -> None:
        """All take the places of what has their names, or none does."""
        *first, last = names
        ready: list[str] = []
        with signals.noted():
            try:
                for name in first:
                    self._set_aside(name)
                    ready.append(name)
                    self._put(name)
                self._put(last)
            except OSError:
                for name in reversed(ready):
                    self._put_back(name)
                raise

    def _set_aside(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.rename(name, name + OLD, src_dir_fd=self._place, dst_dir_fd=self._own)
            self._files.append(name + OLD)

    def _put(self, name: str) -> None:
        os.rename(name, name, src_dir_fd=self._own, dst_dir_fd=self._place)

    def _put_back(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            if name + OLD in self._files:
                os.rename(name + OLD, name, src_dir_fd=self._own, dst_dir_fd=self._place)
            else:
                os.unlink(name, dir_fd=self._place)

    def clear(self) -> None:
        """Of nothing but what was made here."""
        for name in self._files:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._own)


def check(path: Path) -> bool:
    """Whether a file stands there; anything else isn't replaced, and what it leads to isn't looked at."""
    try:
        with trust.directory(str(path.parent)) as place:
            mode = os.stat(path.name, dir_fd=place, follow_symlinks=False).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise FileUnusable(f"{path} can't be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        what = "a link" if stat.S_ISLNK(mode) else "a directory" if stat.S_ISDIR(mode) else "no file"
        raise BadRequest(
            f"{path} is {what}, where a file is to be written", "remove it, or choose another place"
        )
    return True


def held(path: Path) -> str | None:
    """The text of a file, which isn't a link; None where there is none."""
    if not check(path):
        return None
    try:
        with open(
            path,
            opener=lambda name, flags: os.open(name, flags | UNFOLLOWED),
            encoding="utf-8-sig",
            errors="surrogateescape",
        ) as file:
            return file.read()
    except OSError as error:
        raise FileUnusable(f"{path} can't be read: {error.strerror}") from error


def create(path: Path, content: bytes) -> None:
    """A file where there is nothing, not even a link."""
    with trust.directory(str(path.parent)) as place:
        file = os.open(path.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=place)
        try:
            with open(file, "wb") as opened:
                opened.write(content)
        except BaseException:
            os.unlink(path.name, dir_fd=place)
            raise


@contextlib.contextmanager
def beside(path: Path) -> Iterator[tuple[Aside, str]]:
    """For one file, which has another name where a link leads to it."""
    with _telling(path), trust.reached(str(path)) as (place, name), _aside(place) as aside:
        yield aside, name


@contextlib.contextmanager
def within(directory: Path) -> Iterator[Aside]:
    """For the files of a directory, which is made if it isn't there, and goes again if what follows fails."""
    made: list[tuple[int, str]] = []
    with _telling(directory), contextlib.ExitStack() as held:
        try:
            _make(str(directory), made, held)
            with trust.directory(str(directory)) as place, _aside(place) as aside:
                yield aside
        except BaseException:
            for place, name in reversed(made):
                with contextlib.suppress(OSError):
                    os.rmdir(name, dir_fd=place)
            raise


@contextlib.contextmanager
def in_memory(lines: Iterable[str]) -> Iterator[str]:
    """The path of a file for a tool; in no directory, so that nobody can exchange it."""
    with open(os.memfd_create("commands"), "w") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        yield f"/proc/{os.getpid()}/fd/{file.fileno()}"


@contextlib.contextmanager
def _aside(place: int) -> Iterator[Aside]:
    name, own, aside = f".xdpctl-{os.urandom(6).hex()}", -1, None
    try:
        os.mkdir(name, 0o700, dir_fd=place)
        own = os.open(name, trust.DIRECTORY, dir_fd=place)
        if os.fstat(own).st_uid != os.geteuid():
            raise FileExistsError(errno.EEXIST, "somebody else's directory has taken the place of ours")
        aside = Aside(own, place)
        yield aside
    finally:
        with signals.noted():
            if aside is not None:
                aside.clear()
            if own >= 0:
                os.close(own)
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=place)


def _make(path: str, made: list[tuple[int, str]], held: contextlib.ExitStack) -> None:
    """A directory, and those that hold it, where they aren't there."""
    try:
        place, name = held.enter_context(trust.reached(path))
    except FileNotFoundError:
        _make(os.path.dirname(path), made, held)
        place, name = held.enter_context(trust.reached(path))
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=place)
        made.append((place, name))


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = path / error.filename2 if error.filename2 and path.is_dir() else path
        raise FileUnusable(f"{where} can't be written: {error.strerror}") from error
