"""Run packets through a program in the kernel, without a network.

Unless it is asked for the program that is loaded, a copy of it is loaded in a mount namespace of its
own, with a tmpfs and a bpffs that end with it: whatever ends xdpctl ends the copy and its maps.
"""

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import owners
from xdpctl.core.machine.model import Program
from xdpctl.core.machine.reach import Reach
from xdpctl.core.objects import elf
from xdpctl.core.objects.check import check_loadable
from xdpctl.core.packets import samples
from xdpctl.core.packets.samples import Packet
from xdpctl.core.plan.plan import Plan, step
from xdpctl.errors import BadRequest, NotAsItShouldBe
from xdpctl.ops import apply
from xdpctl.ops.run._session import Session as Session
from xdpctl.ops.run._session import watched
from xdpctl.tools import bpffs, bpftool, host
from xdpctl.tools.files import captures, objects
from xdpctl.tools.files.captures import Source, Survey
from xdpctl.tools.maps.find import exact_map
from xdpctl.tools.mountns import BPFFS, ENTERING, HERE, PINS, TMPFS, enter
from xdpctl.tools.programs import test_run
from xdpctl.tools.programs.find import find_program, find_program_to_run, shown_program
from xdpctl.tools.programs.test_run import RunPlace

SHOWN = 3
"""Packets that a plan shows."""
FEW = 20
"""Of so many packets it is told what each changed in maps."""


class Request(Struct, frozen=True):
    program: str | None
    reach: Reach
    live: bool
    given: tuple[Packet, ...]
    capture: Path | None
    """A file of packets, where none are given; `-` is standard input."""
    repeat: int


class RunTarget(Struct, frozen=True):
    """A program that is loaded, or the object to make a copy of; both where they belong together."""

    name: str
    object: Path | None = None
    program: Program | None = None
    frags: bool = False
    """It is known to take packets of several buffers."""


class Prepared(Struct, frozen=True):
    target: RunTarget
    source: Source
    survey: Survey
    longest: int

    @property
    def place(self) -> RunPlace:
        if self.target.object is None and self.target.program is not None:
            return RunPlace(HERE, ("id", str(self.target.program.id)))
        return RunPlace(HERE, ("pinned", f"{PINS}/{self.target.name}"))

    @property
    def setting(self) -> Plan:
        if self.target.object is None:
            return (TMPFS,)
        load = bpftool.load_command(str(self.target.object), self.place.program[1])
        return (TMPFS, *BPFFS, step(f"load a copy of {self.target.name}", load))

    @property
    def plan(self) -> Plan:
        """All that would be done, for a few of the packets."""
        some = tuple(islice(self.source.runs(self.longest), SHOWN))
        groups = [(packet,) for packet in some] if self.few else [some]
        running = [one for group in groups for one in test_run.steps(self.place, group)]
        return (ENTERING, *self.setting, *running)

    @property
    def few(self) -> bool:
        return self.survey.runs <= FEW

    @property
    def through_libbpf(self) -> bool:
        """What is few can be followed command by command, where bpftool has room for it."""
        many = not self.few or self.survey.longest > samples.LONGEST_BY_BPFTOOL
        return many and test_run.has_libbpf()


def prepare(request: Request) -> Prepared:
    """What is to be run, after every check that can be made without running it."""
    target = _target(request)
    longest = samples.ONE_BUFFER
    if target.frags:
        longest = samples.LONGEST if test_run.has_libbpf() else samples.LONGEST_BY_BPFTOOL
    capture = None if request.capture is None else captures.opened(request.capture)
    source = Source(request.given, capture, request.repeat)
    return Prepared(target, source, source.survey(longest), longest)


def _target(request: Request) -> RunTarget:
    name = request.program
    if name is not None and name.endswith((".c", ".toml")):
        raise BadRequest(f"{name} isn't compiled", f"build it, and run the object: xdpctl build {name}")
    if name is not None and name.endswith(".o"):
        if request.live:
            raise BadRequest(
                f"--live runs a program that is loaded, and {name} is an object", "leave one out"
            )
        return _of_object(Path(name))
    built = objects.built()
    if name is None and not request.live and (len(built) == 1 or not bpffs.entries(request.reach.pin)):
        return _of_object(objects.choose(None))
    host.require_privileges()
    if name is None:
        program = owners.the_program(bpftool.programs(), request.reach.pin)
    elif request.live:
        program = find_program_to_run(name, request.reach.pin)
    else:
        program = find_program(name, request.reach)
    if request.live:
        return RunTarget(program.name or f"id:{program.id}", program=program)
    return _copy_of(program, built)


def _of_object(path: Path, program: Program | None = None) -> RunTarget:
    found = check_loadable(objects.read(path), str(path))
    section, name = found.programs[0]
    return RunTarget(name, path, program, section.startswith("xdp.frags"))


def _copy_of(program: Program, built: list[Path]) -> RunTarget:
    """The kernel doesn't give a program away: the object that it was loaded from is needed."""
    for path in built:
        try:
            names = elf.read(objects.read(path)).xdp_programs
        except elf.NotBpf:
            continue
        if program.name in names:
            return _of_object(path, program)
    raise BadRequest(
        f"a copy of {program.name} needs its object, and bpf/ has none of that name",
        "name the object: xdpctl run FILE.o",
        "or run the program itself, which counts the packets: --live",
    )


def begin(prepared: Prepared, tell: Callable[[str], None]) -> Session:
    host.require_privileges()
    enter()
    apply.run(apply.Operation(prepared.setting))  # what fails needs no undoing: all ends with the namespace
    target, program = prepared.target, shown_program(*prepared.place.program)
    if target.object is not None and target.program is not None:
        _refuse_another(target.object, program, target.program)
    running = test_run.Running(prepared.place, program.id, prepared.through_libbpf)
    return Session(prepared.source.runs(prepared.longest), running, program, tuple(watched(program, tell)))


def _refuse_another(path: Path, copy: Program, loaded: Program) -> None:
    """Programs are the same by their tag; their maps can differ in size all the same."""
    if copy.tag != loaded.tag:
        difference = f"its tag is {copy.tag}, not {loaded.tag}"
    elif _shapes(copy) != _shapes(loaded):
        difference = "its maps have other types or sizes"
    else:
        return
    raise NotAsItShouldBe(
        f"{path} isn't what {loaded.name} was loaded from: {difference}",
        f"to run it all the same, name it: xdpctl run {path}",
        "or run the program itself, which counts the packets: --live",
    )


def _shapes(program: Program) -> Counter[tuple[str, int, int, int]]:
    found = [exact_map(f"id:{id_}").map for id_ in program.map_ids]
    return Counter((str(m.type), m.bytes_key, m.bytes_value, m.max_entries) for m in found)
