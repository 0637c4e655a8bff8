"""Compiled objects on disk."""

from pathlib import Path

from xdpctl.core.machine.paths import BUILD_DIRECTORY
from xdpctl.errors import Ambiguous, BadRequest, FileUnusable


def choose(named: Path | None) -> Path:
    """The object that was named, or the one in bpf/."""
    if named is not None:
        return named
    found = built()
    if not found:
        raise BadRequest("there is no object in bpf/", "build one: xdpctl build")
    if len(found) > 1:
        names = ", ".join(map(str, found))
        newest = max(found, key=lambda path: path.stat().st_mtime)
        raise Ambiguous(f"bpf/ holds several objects: {names}", f"name one; the last built is {newest}")
    return found[0]


def built() -> list[Path]:
    return sorted(path for path in BUILD_DIRECTORY.glob("*.bpf.o") if path.is_file())


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnusable(f"{path} can't be read: {error.strerror}", "build it: xdpctl build") from error
