"""Find an XDP program by its name, its path in bpffs, or its id."""

from collections.abc import Iterable

from xdpctl.core.machine import paths
from xdpctl.core.machine.identifiers import cut
from xdpctl.core.machine.model import Program
from xdpctl.core.machine.reach import Reach, is_bare, not_here
from xdpctl.core.values.numerals import ID_MAX, short, whole_number
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Ambiguous, BadRequest, HostLacks, NoSuchProgram
from xdpctl.tools import bpftool, naming, proc


def find_program(name: str, reach: Reach) -> Program:
    """A program to be looked at."""
    if not is_bare(name):
        return _exactly(name)
    pins = (naming.pin_in(directory, name, "program") for directory in reach.directories)
    pin = next(filter(None, pins), None)
    program = _xdp(shown_program("pinned", pin), pin) if pin else _anywhere(name, reach)
    reach.found(name, pin or (*program.pinned, f"id:{program.id}")[0])
    return program


def find_program_to_run(name: str, directory: str) -> Program:
    """A program that counts as it runs: a bare name is in the directory, or nowhere."""
    if not is_bare(name):
        return _exactly(name)
    pin = naming.own_pin(name, directory, "program")
    if pin is not None:
        return _xdp(shown_program("pinned", pin), pin)
    if elsewhere := _called(name, bpftool.programs()):
        raise not_here("program", name, directory, _choices(elsewhere))
    raise NoSuchProgram(f"there is no program {name!r} in {directory}", "xdpctl status shows programs")


def _exactly(name: str) -> Program:
    """The program at a path in bpffs, or that of an id."""
    number = name.removeprefix("id:")
    if number != name:
        if (id_ := whole_number(number, ID_MAX)) is None:
            raise BadRequest(
                f"{short(name)} is no program id", "write id: and a number, as xdpctl status shows it"
            )
        return _xdp(shown_program("id", str(id_)), name)
    pin = naming.pin_at(name, "program")
    if pin is None:
        raise NoSuchProgram(f"there is no program {name}", "xdpctl status shows programs and their pins")
    return _xdp(shown_program("pinned", pin), pin)


def shown_program(*named: str) -> Program:
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
    raise NoSuchProgram(f"there is no program {what}: {reason}", "xdpctl status shows programs")


def _xdp(program: Program, name: str) -> Program:
    if program.type != "xdp":
        raise BadRequest(f"{name} is no XDP program, its type is {program.type}")
    return program


def _anywhere(name: str, reach: Reach) -> Program:
    programs = bpftool.programs()
    found = _called(name, programs)
    if not found:
        raise NoSuchProgram(f"there is no XDP program {name!r}", *did_you_mean(name, _known(programs, reach)))
    if len(found) > 1:
        raise Ambiguous(f"several programs are called {name!r}; name one by its id or path", *_choices(found))
    return found[0]


def _known(programs: Iterable[Program], reach: Reach) -> list[str]:
    """One's own first."""
    named = sorted((p for p in programs if p.name and p.type == "xdp"), key=lambda p: p.name)
    own = [p.name for directory in reach.directories for p in named if paths.below(p.pinned, directory)]
    return [*own, *(p.name for p in named)]


def _called(name: str, programs: Iterable[Program]) -> list[Program]:
    return [
        program for program in programs if program.type == "xdp" and name in (program.name, cut(program.name))
    ]


def _choices(programs: Iterable[Program]) -> list[str]:
    return [f"id:{p.id}" + "".join(f"  {pin}" for pin in p.pinned) for p in programs]
