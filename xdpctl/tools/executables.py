"""Where programs are, and what their children inherit: root runs nothing that others could have put there."""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from xdpctl.errors import ToolMissing
from xdpctl.tools.files import trust

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment() -> dict[str, str]:
    """English messages, and the entries of PATH without those that root doesn't trust."""
    return {"PATH": ":".join(entry for entry in _path() if not why_skipped(entry)), "LC_ALL": "C"}


def _path() -> list[str]:
    """First what set-up linked beside Python; last sbin, which a user's PATH may lack."""
    path = (os.path.dirname(sys.executable), os.environ.get("PATH", ""), SYSTEM_PATH)
    return ":".join(filter(None, path)).split(":")


def skipped() -> dict[str, str]:
    """Entries of PATH where root looks for no program, and why."""
    return {entry: why for entry in _path() if (why := why_skipped(entry))}


@cache
def why_skipped(entry: str, program: str = "") -> str:
    """Others could put a program of theirs there. Beside Python they could do worse."""
    if os.geteuid() != 0 or entry == os.path.dirname(sys.executable):
        return ""
    return trust.why_unsafe(os.path.join(entry, program))


def find(program: str) -> str | None:
    """The full path of a program, or None."""
    return next((path for path, why in _found(program) if not why), None)


def executable(program: str) -> str:
    if path := find(program):
        return path
    for path, why in _found(program):
        raise ToolMissing(f"root doesn't run {path}: {why}", install_hint(program))
    raise ToolMissing(f"{program} isn't installed", install_hint(program))


def _found(program: str) -> Iterator[tuple[str, str]]:
    """Where it is, and why it isn't run from there."""
    for entry in _path():
        path = shutil.which(program, path=entry or ".")
        if path is not None:
            yield path, why_skipped(entry) or why_skipped(entry, program)


def install_hint(what: str) -> str:
    """The command that installs a program, or the headers, on this system."""
    from xdpctl.core.machine import packages

    return packages.install_hint(what, os_release())


def os_release() -> str:
    try:
        return Path("/etc/os-release").read_text()
    except OSError:
        return ""
