"""bpffs: the directory tree that keeps programs and maps alive by name."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from xdpctl.core.machine import mounts
from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.paths import BPFFS
from xdpctl.errors import NotPermitted
from xdpctl.tools import proc, renaming

ROOT = BPFFS
FEW = 10


def mounted(process: str = "self") -> tuple[mounts.Mount, ...]:
    """What this process sees, or another one; names have any bytes in them, and ends of lines too."""
    text = Path(f"/proc/{process}/mountinfo").read_bytes().decode(errors="surrogateescape")
    return mounts.parse(text)


def entries(directory: str) -> tuple[str, ...]:
    """The names in a directory, sorted; none where it doesn't exist."""
    try:
        return tuple(sorted(os.listdir(directory)))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except PermissionError as error:
        raise NotPermitted(f"{directory} can't be read: {error.strerror}", "run xdpctl as root") from error


def holds_pins(directory: str) -> bool:
    """Besides what the kernel itself may put there, which has a dot in its name as no pin can have."""
    return any("." not in name for name in entries(directory))


def listing(directory: str) -> str:
    return in_words(entries(directory))


def in_words(names: Sequence[str]) -> str:
    """What a directory holds; of many names a few."""
    more = len(names) - FEW
    return f"it holds: {', '.join(names[:FEW])}{f' … and {more} more' if more > 0 else ''}"


def identity(pin: str) -> tuple[int, int]:
    """What two paths have in common if they are one pin."""
    found = os.stat(pin)
    return found.st_dev, found.st_ino


def is_still(pin: str, seen: tuple[int, int]) -> bool:
    """Whether what was seen there is pinned there."""
    try:
        return identity(pin) == seen
    except FileNotFoundError:
        return False


def pinned_at(pin: str) -> float:
    """When it was made."""
    return os.stat(pin).st_ctime


def does(argv: Argv) -> bool:
    """Whether `act` does it, and not a program."""
    return argv[0] in ("mkdir", "rmdir", "rm", "ln", "mv", "chown", "sleep") or argv[:2] == ("touch", "-c")


def act(argv: Argv) -> proc.Result:
    """mkdir, rm and the like, shown as other commands but done here: a process each would cost more."""
    proc.shown(argv)
    try:
        match argv:
            case ("mkdir", path):
                os.mkdir(path)
            case ("rmdir", path):
                os.rmdir(path)
            case ("mkdir", "-m", mode, path):
                os.mkdir(path)
                os.chmod(path, int(mode, 8))
            case ("chown", owner, path):
                os.chown(path, *map(int, owner.split(":")))
            case ("ln", "-f", pin, path):
                Path(path).unlink(missing_ok=True)
                os.link(pin, path)
            case ("mv", "--exchange", "-T", one, other):
                renaming.exchange(one, other)
            case ("mv", "-T", one, other):
                renaming.move(one, other)
            case ("sleep", seconds):
                time.sleep(float(seconds))
            case ("touch", "-c", *paths):
                for path in paths:
                    os.utime(path)
            case ("rm", "-f", *paths):
                for path in paths:
                    Path(path).unlink(missing_ok=True)
            case ("rm", "-rf", path):
                shutil.rmtree(path, ignore_errors=not os.path.lexists(path))
            case ("rm", first, *others):
                os.unlink(first)  # of several that remove the same pins, one does
                for path in others:
                    Path(path).unlink(missing_ok=True)
            case _:
                raise ValueError(argv)
    except OSError as error:
        return proc.Result(argv, 1, b"", f"{argv[0]}: {error.filename}: {error.strerror}")
    return proc.Result(argv, 0, b"", "")
