"""Find an XDP program by its name, its path in bpffs, or its id."""

import os

from xdpctl.core.model import Program
from xdpctl.core.numerals import ID_MAX, short, whole_number
from xdpctl.core.suggest import did_you_mean
from xdpctl.errors import BadRequest, HostLacks
from xdpctl.tools import bpffs, bpftool, proc


def find(name: str, directories: tuple[str, ...]) -> Program:
    """A name is looked for in the directories, then among all programs of the kernel."""
    number = name.removeprefix("id:")
    if number != name:
        if (id_ := whole_number(number, ID_MAX)) is None:
            raise BadRequest(
                f"{short(name)} is no program id", "write id: and a number, as xdpctl status shows it"
            )
        return _xdp(shown("id", str(id_)), name)
    paths = (name,) if "/" in name else tuple(f"{directory}/{name}" for directory in directories)
    for path in dict.fromkeys(paths):
        if os.path.isdir(path):
            raise BadRequest(f"{path} is a directory, not a program", bpffs.listing(path))
        if os.path.exists(path):
            return _xdp(shown("pinned", path), path)
    if "/" in name:
        raise BadRequest(f"there is no program {name}", "xdpctl status shows programs and their pins")
    return _anywhere(name)


def shown(*named: str) -> Program:
    """The program that bpftool calls so: `pinned PATH`, or `id N`."""
    result = proc.query(bpftool.command("prog", "show", *named))
    if result.ok:
        return bpftool.read(result, Program)
    error = bpftool.failure(result)
    if isinstance(error, HostLacks):
        raise error
    reason = bpftool.reason_of(result)
    if "incorrect object type" in reason:
        raise BadRequest(f"{named[-1]} is no program but a map")
    if not bpftool.is_nothing_there(reason):
        raise error
    what = f"with {' '.join(named)}" if named[0] == "id" else named[-1]
    raise BadRequest(f"there is no program {what}: {reason}", "xdpctl status shows programs")


def _xdp(program: Program, name: str) -> Program:
    if program.type != "xdp":
        raise BadRequest(f"{name} is no XDP program, its type is {program.type}")
    return program


def _anywhere(name: str) -> Program:
    programs = [program for program in bpftool.programs() if program.type == "xdp"]
    found = [program for program in programs if program.name == name]
    if not found:
        known = sorted({program.name for program in programs if program.name})
        raise BadRequest(f"there is no XDP program {name!r}", *did_you_mean(name, known))
    if len(found) > 1:
        choices = [f"  id:{p.id}" + "".join(f"  {pin}" for pin in p.pinned) for p in found]
        raise BadRequest(f"several programs are called {name!r}; name one by its id or path:", *choices)
    return found[0]
