"""clang: C to a BPF object."""

import platform
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import tool_errors
from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.shell import command_line
from xdpctl.core.spec.model import BuildFlags
from xdpctl.core.values.visible import visible
from xdpctl.errors import MORE_IN_LOG, BadRequest, HostLacks, Lines, NoAnswer, NotCompiled
from xdpctl.tools import executables, proc
from xdpctl.tools.files import headers, sources

FLAGS = ("-O2", "-g", "-target", "bpf")
ANYWHERE = ("-fdebug-compilation-dir=.",)
"""Keeps the build directory out of the object: the same C gives the same bytes anywhere."""
STRICT = ("-Wall", "-Wextra")
"""Warnings for C that xdpctl generated."""
LENIENT = ("-Wall",)
"""Warnings for C that somebody wrote, perhaps for the first time."""


MOST_ADVICE = 3
HOST_MACROS = {
    "x86_64": ("-D__x86_64__",),
    "aarch64": ("-D__aarch64__",),
    "ppc64le": ("-D__powerpc64__", "-D_CALL_ELF=2"),
    "riscv64": ("-D__riscv", "-D__riscv_xlen=64", "-D__riscv_float_abi_double"),
    "s390x": ("-D__s390x__",),
}
"""What headers of the C library ask for; without, they take BPF for a 32-bit machine and want its stubs."""


def compile_command(source: str, target: str, warnings: Argv = STRICT, given: Argv = ()) -> Argv:
    path = f"./{source}" if source.startswith("-") else source
    return ("clang", *FLAGS, *warnings, *ANYWHERE, *given, *asm_headers(), "-c", path, "-o", target)


def given(flags: BuildFlags, place: Path = Path()) -> Argv:
    """What -I and -D, or [build] in a spec, ask for; relative directories are as seen from this place."""
    directories = [place / directory for directory in flags.include]
    for directory in directories:
        if not directory.is_dir():
            raise BadRequest(f"{directory} is no directory, so no header can be included from it")
    include = (word for directory in directories for word in ("-I", str(directory)))
    return (*include, *(word for macro in flags.define for word in ("-D", macro)))


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
    if tool_errors.lacks_headers(said) and not headers.installed():
        raise HostLacks(Lines(said), executables.install_hint("headers"))
    raise _not_compiled(source, said, sources.c_text(cwd / source if cwd else source))


def _not_compiled(source: Path, said: str, code: str) -> NotCompiled:
    """What is to be done stands first, where that is known; then clang's words, but no more than are read."""
    missing = tool_errors.unknown_names(said)[:MOST_ADVICE]
    advice = tool_errors.compile_failure(said, code) or tuple(headers.advice(missing))
    shown = tool_errors.screenful(said)
    more = (MORE_IN_LOG,) if shown != said else ()
    first = f"{visible(str(source))} doesn't compile: {advice[0]}\n" if advice else ""
    return NotCompiled(Lines(first + shown), *advice[1:], *more, log=said)


def asm_headers() -> Argv:
    """This machine's headers: what they know it by, and where Debian keeps <asm/types.h>.

    That is searched last, so that it never shadows another header.
    """
    macros = HOST_MACROS.get(platform.machine(), ())
    if Path("/usr/include/asm/types.h").exists():
        return macros
    found = sorted(Path("/usr/include").glob("*-linux-gnu*/asm/types.h"))
    own = [path for path in found if path.parent.parent.name.startswith(platform.machine())]
    return next(((*macros, "-idirafter", str(path.parent.parent)) for path in (own or found)), macros)
