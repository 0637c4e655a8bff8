"""clang: C to a BPF object."""

import platform
from pathlib import Path

from xdpctl.core.model import Argv

FLAGS = ("-O2", "-g", "-target", "bpf", "-Wall", "-Wextra", "-fdebug-compilation-dir=.")
"""The last one keeps the build directory out of the object: the same C gives the same bytes anywhere."""


def compile_command(source: str, target: str) -> Argv:
    return ("clang", *FLAGS, *asm_headers(), "-c", source, "-o", target)


def asm_headers() -> Argv:
    """Where Debian keeps <asm/types.h>; searched last, so that it never shadows another header."""
    if Path("/usr/include/asm/types.h").exists():
        return ()
    found = sorted(Path("/usr/include").glob("*-linux-gnu*/asm/types.h"))
    own = [path for path in found if path.parent.parent.name.startswith(platform.machine())]
    return next((("-idirafter", str(path.parent.parent)) for path in (own or found)), ())
