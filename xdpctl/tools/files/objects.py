"""Compiled objects on disk."""

from pathlib import Path

from xdpctl.core.machine.paths import BUILD_DIRECTORY
from xdpctl.core.wording import listed, nearest
from xdpctl.errors import Ambiguous, BadRequest, FileUnusable

LARGEST = 64 << 20
"""Bytes; objects of large projects have some hundred thousand."""


def choose(named: Path | None) -> Path:
    """The object that was named, or the one in bpf/."""
    if named is not None:
        return named
    found = built()
    if not found:
        raise BadRequest("there is no object in bpf/", "build one: xdpctl build")
    if len(found) > 1:
        names = listed(map(str, found))
        hint = f"name one; the last built is {newest(found)}"
        raise Ambiguous(f"bpf/ holds several objects: {names}", hint)
    return found[0]


def built() -> list[Path]:
    return sorted(path for path in Path(BUILD_DIRECTORY).glob("*.bpf.o") if path.is_file())


def newest(paths: list[Path]) -> Path:
    return max(paths, key=lambda path: path.stat().st_mtime)


def _instead_of(path: Path) -> str:
    """One of a name that is near, beside it or in bpf/."""
    others = {str(other) for place in (path.parent, Path(BUILD_DIRECTORY)) for other in place.glob("*.o")}
    near = None if path.exists() else nearest(str(path), sorted(others))
    return f"did you mean {near!r}?" if near else "build it: xdpctl build"


def read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise FileUnusable(f"{path} can't be read: {error.strerror}", _instead_of(path)) from error
    if len(data) > LARGEST:
        raise BadRequest(f"{path} has more than {LARGEST >> 20} MiB: that is no object of a BPF program")
    return data
