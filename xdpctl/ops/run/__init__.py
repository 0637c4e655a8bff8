"""Run packets through a program in the kernel, without a network.

Unless it is asked for the program that is loaded, a copy of it is loaded in a mount namespace of its
own, with a tmpfs and a bpffs that end with it: whatever ends xdpctl ends the copy and its maps.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice, tee
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import owners
from xdpctl.core.machine.identifiers import NAME_LENGTH, cut
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.machine.reach import Reach
from xdpctl.core.objects import choice, elf
from xdpctl.core.objects.check import check_object
from xdpctl.core.objects.choice import Choice
from xdpctl.core.packets import samples
from xdpctl.core.packets.samples import Packet
from xdpctl.core.packets.survey import Survey
from xdpctl.core.plan import actions, loading
from xdpctl.core.plan.plan import Plan, step
from xdpctl.errors import BadRequest, NotAsItShouldBe
from xdpctl.ops import apply
from xdpctl.ops.run._live import loaded_maps
from xdpctl.ops.run._live import maps_of as maps_of
from xdpctl.ops.run._session import Comparison as Comparison
from xdpctl.ops.run._session import Session as Session
from xdpctl.ops.run._session import comparison_of as comparison_of
from xdpctl.ops.run._session import watched
from xdpctl.tools import bpffs, bpftool, host
from xdpctl.tools.files import captures, objects
from xdpctl.tools.files.captures import Source
from xdpctl.tools.files.sources import first_line as first_line
from xdpctl.tools.host import stay_on_one_cpu as stay_on_one_cpu
from xdpctl.tools.maps import content
from xdpctl.tools.maps.find import exact_map
from xdpctl.tools.mountns import BPFFS, COPY, ENTERING, HERE, PINS, TMPFS, enter
from xdpctl.tools.programs import test_run
from xdpctl.tools.programs.find import find_program, find_program_to_run, shown_program
from xdpctl.tools.programs.test_run import RunPlace

BESIDE, PINS_BESIDE, COPY_BESIDE = f"{HERE}/against", f"{PINS}/the-other", f"{COPY}_against"
"""Where packets are for the program that is run beside, its pin (no program is called so) and its object."""
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
    against: str | None = None
    """Another program that is run beside it."""
    against_chosen: str = ""
    """Which of several XDP programs that is; without `against`, of the same object."""
    with_live: bool = False
    """Whether maps of the copy begin with what those that are loaded hold."""
    chosen: str = ""
    """Which of several XDP programs."""


class _Named(Struct, frozen=True):
    """A program as a user names it: the object, or the program itself, and which of several."""

    program: str | None
    chosen: str
    option: str = "--program"
    """What chooses."""


class RunTarget(Struct, frozen=True):
    """A program that is loaded, or the object to make a copy of; both where they belong together."""

    name: str
    object: Path | None = None
    program: Program | None = None
    chosen: Choice | None = None
    """What of the object is the program."""

    @property
    def frags(self) -> bool:
        """It is known to take packets of several buffers."""
        return self.chosen is not None and self.chosen.section.startswith("xdp.frags")

    @property
    def place(self) -> RunPlace:
        if self.object is None and self.program is not None:
            return RunPlace(HERE, ("id", str(self.program.id)))
        return RunPlace(HERE, ("pinned", f"{PINS}/{self.name}"))

    @property
    def place_beside(self) -> RunPlace:
        return RunPlace(BESIDE, ("pinned", f"{PINS_BESIDE}/{self.name}"))

    def load(self, pins: str, copy: str) -> Plan:
        """Pinned in one directory; a copy of the object, if it is loaded in part, is in another."""
        if self.object is None or self.chosen is None:
            return ()
        copying, path = loading.from_copy(str(self.object), copy, self.chosen)
        if len(self.chosen.programs) > 1:
            load = bpftool.load_all_command(path, pins)
        else:
            told_apart = any(len(name) > NAME_LENGTH for name in self.chosen.maps)  # only by their pins
            load = bpftool.load_command(path, f"{pins}/{self.name}", pins if told_apart else "")
        return (*copying, step(f"load a copy of {self.name}", load))


class Prepared(Struct, frozen=True):
    target: RunTarget
    against: RunTarget | None
    source: Source
    survey: Survey
    longest: int
    live: tuple[Map, ...] = ()
    """What the copy's maps are to begin with."""

    @property
    def places(self) -> tuple[tuple[RunTarget, RunPlace], ...]:
        first = (self.target, self.target.place)
        return (first,) if self.against is None else (first, (self.against, self.against.place_beside))

    @property
    def setting(self) -> Plan:
        if self.target.object is None:
            return (TMPFS,)
        first = (TMPFS, *BPFFS, *self.target.load(PINS, COPY))
        if self.against is None:
            return first
        made = actions.make_directory(BESIDE), actions.make_directory(PINS_BESIDE)
        return (*first, *made, *self.against.load(PINS_BESIDE, COPY_BESIDE))

    @property
    def plan(self) -> Plan:
        """All that would be done, for a few of the packets."""
        some = tuple(islice(self.source.runs(self.longest), SHOWN))
        groups = [(packet,) for packet in some] if self.few else [some]
        running = [
            one for group in groups for _, place in self.places for one in test_run.steps(place, group)
        ]
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
    target = _target(_Named(request.program, request.chosen), request)
    against = _against(target, request)
    longest = samples.ONE_BUFFER
    if target.frags and (against is None or against.frags):
        longest = samples.LONGEST if test_run.has_libbpf() else samples.LONGEST_BY_BPFTOOL
    capture = None if request.capture is None else captures.opened(request.capture)
    source = Source(request.given, capture, request.repeat)
    live = tuple(loaded_maps(target.program, target.name, request.reach.pin)) if request.with_live else ()
    return Prepared(
        target=target,
        against=against,
        source=source,
        survey=source.survey(longest),
        longest=longest,
        live=live,
    )


def _against(target: RunTarget, request: Request) -> RunTarget | None:
    """Of several programs in another object, that of the same name is meant, if nothing else is said."""
    if request.against is None and not request.against_chosen:
        return None
    name = request.program if request.against is None else request.against
    chosen = request.against_chosen
    if not chosen and _has_another_of_that_name(target, Path(name or "")):
        chosen = target.name
    return _target(_Named(name, chosen, "--against-program"), request)


def _has_another_of_that_name(target: RunTarget, path: Path) -> bool:
    if path.suffix != ".o":
        return False
    found = check_object(objects.read(path), str(path))
    another = target.object is None or not path.samefile(target.object)
    return another and target.name in found.xdp_programs


def _target(named: _Named, request: Request) -> RunTarget:
    name = named.program
    if name is not None and name.endswith((".c", ".toml")):
        raise BadRequest(f"{name} isn't compiled", f"build it, and run the object: xdpctl build {name}")
    if name is not None and name.endswith(".o"):
        if request.live:
            raise BadRequest(
                f"--live runs a program that is loaded, and {name} is an object", "leave one out"
            )
        return _of_object(Path(name), named)
    built = objects.built()
    if name is None and not request.live and (len(built) == 1 or not bpffs.entries(request.reach.pin)):
        return _of_object(objects.choose(None), named)
    host.require_privileges()
    if name is None:
        program = owners.the_program(bpftool.programs(), request.reach.pin, named.chosen)
    elif request.live:
        program = find_program_to_run(name, request.reach.pin)
    else:
        program = find_program(name, request.reach)
    if request.live:
        return RunTarget(program.name or f"id:{program.id}", program=program)
    return _copy_of(program, built)


def _of_object(path: Path, named: _Named, program: Program | None = None) -> RunTarget:
    found = check_object(objects.read(path), str(path))
    chosen = choice.choose(found, str(path), named.chosen, option=named.option)
    return RunTarget(chosen.programs[0], path, program, chosen)


def _copy_of(program: Program, built: list[Path]) -> RunTarget:
    """The kernel doesn't give a program away: the object that it was loaded from is needed."""
    for path in built:
        try:
            names = elf.read(objects.read(path)).xdp_programs
        except elf.NotBpf:
            continue
        if name := next((n for n in names if cut(n) == cut(program.name)), ""):
            return _of_object(path, _Named(str(path), name), program)
    raise BadRequest(
        f"a copy of {program.name} needs its object, and bpf/ has none of that name",
        "name the object: xdpctl run FILE.o",
        "or run the program itself, which counts the packets: --live",
    )


def begin(prepared: Prepared) -> tuple[Program, ...]:
    """The program as it is loaded now, and that which is run beside it."""
    host.require_privileges()
    enter()
    apply.run(apply.Operation(prepared.setting))  # what fails needs no undoing: all ends with the namespace
    programs = tuple(shown_program(*place.program) for _, place in prepared.places)
    for (target, _), program in zip(prepared.places, programs, strict=True):
        if target.object is not None and target.program is not None:
            _refuse_another(target.object, program, target.program)
    return programs


def watch(prepared: Prepared, programs: Sequence[Program], tell: Callable[[str], None]) -> list[Session]:
    """From here on it is seen what changes in their maps."""
    many = 0 if prepared.through_libbpf else content.MANY
    packets = tee(prepared.source.runs(prepared.longest), len(programs))
    running = (
        test_run.Running(place, program.id, prepared.through_libbpf)
        for (_, place), program in zip(prepared.places, programs, strict=True)
    )
    return [
        Session(*each, tuple(watched(each[-1], many, tell)))
        for each in zip(packets, running, programs, strict=True)
    ]


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
