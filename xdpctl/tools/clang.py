"""clang: C to a BPF object."""

import platform
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import tool_errors
from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.shell import command_line
from xdpctl.core.values.visible import visible
from xdpctl.errors import HostLacks, Lines, NoAnswer, NotCompiled
from xdpctl.tools import executables, proc
from xdpctl.tools.files import sources

FLAGS = ("-O2", "-g", "-target", "bpf")
ANYWHERE = ("-fdebug-compilation-dir=.",)
"""Keeps the build directory out of the object: the same C gives the same bytes anywhere."""
STRICT = ("-Wall", "-Wextra")
"""Warnings for C that xdpctl generated."""
LENIENT = ("-Wall",)
"""Warnings for C that somebody wrote, perhaps for the first time."""


def compile_command(source: str, target: str, warnings: Argv = STRICT) -> Argv:
    path = f"./{source}" if source.startswith("-") else source
    return ("clang", *FLAGS, *warnings, *ANYWHERE, *asm_headers(), "-c", path, "-o", target)


class Compiled(Struct, frozen=True):
    object: bytes
    notes: str
    """What clang had to say, though it compiled."""


def run(command: Argv, source: Path, cwd: Path | None = None, shown_in: Path | None = None) -> Compiled:
    """Gives the object back, which the command, as it is shown, has clang write to a file.

    It is shown as run in another directory, where it runs in one that is there for a moment.
    """
    result = proc.act((*command[:-1], "-"), cwd=cwd, show=command_line(command, shown_in or cwd))
    words = result.err.replace(str(source), visible(str(source)))  # which clang prints as it is
    if result.ok and not result.out:
        raise NotCompiled(f"clang reported success, but wrote nothing for {source}")
    if result.ok:
        return Compiled(result.out, words)
    if result.death:
        raise NoAnswer(f"{source} isn't compiled: {result.death}")
    said = words.rstrip() or f"clang failed with status {result.status}"
    if tool_errors.lacks_headers(said):
        raise HostLacks(Lines(said), executables.install_hint("headers"))
    raise NotCompiled(
        Lines(said), *tool_errors.compile_failure(said, sources.text(cwd / source if cwd else source))
    )


def asm_headers() -> Argv:
    """Where Debian keeps <asm/types.h>; searched last, so that it never shadows another header."""
    if Path("/usr/include/asm/types.h").exists():
        return ()
    found = sorted(Path("/usr/include").glob("*-linux-gnu*/asm/types.h"))
    own = [path for path in found if path.parent.parent.name.startswith(platform.machine())]
    return next((("-idirafter", str(path.parent.parent)) for path in (own or found)), ())
