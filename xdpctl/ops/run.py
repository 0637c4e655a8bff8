"""Run packets through a program in the kernel, without a network, by `bpftool prog run`.

Unless it is asked for the program that is loaded, a copy of it is loaded in a mount namespace of its
own, with a tmpfs and a bpffs that end with it: whatever ends xdpctl ends the copy and its maps.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import owners
from xdpctl.core.machine.identifiers import cut
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Layout
from xdpctl.core.maps.refusals import NotTold
from xdpctl.core.objects import choice, elf
from xdpctl.core.objects.check import check_object
from xdpctl.core.objects.choice import Choice
from xdpctl.core.packets import map_changes, samples
from xdpctl.core.packets.map_changes import ElementChange, MapContent
from xdpctl.core.packets.run_counts import Run
from xdpctl.core.packets.samples import Packet
from xdpctl.core.plan import loading
from xdpctl.core.plan.plan import Plan, step
from xdpctl.errors import BadRequest, NotAsItShouldBe
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, host
from xdpctl.tools.files import objects
from xdpctl.tools.files.captures import Source, Survey
from xdpctl.tools.maps import content, types
from xdpctl.tools.maps.find import exact_map
from xdpctl.tools.mountns import BPFFS, COPY, ENTERING, HERE, PINS, TMPFS, enter
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
    """A file of packets, where none are given."""
    repeat: int
    chosen: str = ""
    """Which of several XDP programs."""


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
        path, chosen = self.target.object, self.target.chosen
        if path is None or chosen is None:
            return (TMPFS,)
        copying, copy = loading.from_copy(str(path), COPY, chosen)
        if len(chosen.programs) > 1:
            load = bpftool.load_all_command(copy, PINS)
        else:
            load = bpftool.load_command(copy, self.place.program[1])
        return (TMPFS, *BPFFS, *copying, step(f"load a copy of {self.target.name}", load))

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


def prepare(request: Request) -> Prepared:
    """What is to be run, after every check that can be made without running it."""
    target = _target(request)
    longest = samples.LONGEST if target.frags else samples.ONE_BUFFER
    source = Source(request.given, request.capture, request.repeat)
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
        return _of_object(Path(name), request.chosen)
    built = objects.built()
    if name is None and not request.live and (len(built) == 1 or not bpffs.entries(request.reach.pin)):
        return _of_object(objects.choose(None), request.chosen)
    host.require_privileges()
    if name is None:
        program = owners.the_program(bpftool.programs(), request.reach.pin, request.chosen)
    elif request.live:
        program = find_program_to_run(name, request.reach.pin)
    else:
        program = find_program(name, request.reach)
    if request.live:
        return RunTarget(program.name or f"id:{program.id}", program=program)
    return _copy_of(program, built)


def _of_object(path: Path, name: str, program: Program | None = None) -> RunTarget:
    found = check_object(objects.read(path), str(path))
    chosen = choice.choose(found, str(path), name)
    return RunTarget(chosen.programs[0], path, program, chosen)


def _copy_of(program: Program, built: list[Path]) -> RunTarget:
    """The kernel doesn't give a program away: the object that it was loaded from is needed."""
    for path in built:
        try:
            names = elf.read(objects.read(path)).xdp_programs
        except elf.NotBpf:
            continue
        if name := next((n for n in names if cut(n) == cut(program.name)), ""):
            return _of_object(path, name, program)
    raise BadRequest(
        f"a copy of {program.name} needs its object, and bpf/ has none of that name",
        "name the object: xdpctl run FILE.o",
        "or run the program itself, which counts the packets: --live",
    )


class WatchedMap:
    """A map of the program, and what it held before."""

    def __init__(self, map_: Map, layout: Layout, before: MapContent) -> None:
        self.map, self.layout = map_, layout
        self._before = self._last = before

    def since_last(self) -> list[ElementChange]:
        """What changed since it was asked before."""
        chunks = list(content.start(self.map))
        found = map_changes.changes(self._last, chunks, self.layout)
        self._last = _remembered(self.map, chunks)
        return [change for batch in self._of_variables(found) for change in batch]

    def changes(self) -> Iterator[list[ElementChange]]:
        """What changed from the beginning."""
        return self._of_variables(map_changes.changes(self._before, content.start(self.map), self.layout))

    def _of_variables(self, found: Iterator[list[ElementChange]]) -> Iterator[list[ElementChange]]:
        if not self.map.internal:
            return found
        return ([v for change in batch for v in map_changes.of_variables(change)] for batch in found)


def _remembered(map_: Map, chunks: Iterable[Chunk]) -> MapContent:
    return map_changes.remember(chunks, not map_.elements_come_singly)


class Session(Struct, frozen=True):
    """A program that is ready to run, and its maps."""

    prepared: Prepared
    program: Program
    maps: tuple[WatchedMap, ...]

    def runs(self) -> Iterator[Run]:
        """One for each packet and repetition, as they come."""
        waiting = self.prepared.source.runs(self.prepared.longest)
        while some := tuple(islice(waiting, test_run.AT_ONCE)):
            yield from test_run.run(self.prepared.place, some)

    def runs_with_effects(self) -> Iterator[Run]:
        """The same with what each changed in maps, which are read after each."""
        for packet in self.prepared.source.runs(self.prepared.longest):
            [run] = test_run.run(self.prepared.place, (packet,))
            found = ((watched.map, watched.since_last()) for watched in self.maps)
            yield run._replace(effects=tuple(effect for effect in found if effect[1]))


def begin(prepared: Prepared, tell: Callable[[str], None]) -> Session:
    host.require_privileges()
    enter()
    apply.run(apply.Operation(prepared.setting))  # what fails needs no undoing: all ends with the namespace
    target, program = prepared.target, shown_program(*prepared.place.program)
    if target.object is not None and target.program is not None:
        _refuse_another(target.object, program, target.program)
    return Session(prepared, program, tuple(_watched(program, tell)))


def _watched(program: Program, tell: Callable[[str], None]) -> Iterator[WatchedMap]:
    """Its maps as they are before it runs; none that hold constants."""
    for id_ in program.map_ids:
        map_ = exact_map(f"id:{id_}").map
        if ".rodata" in map_.name:
            continue
        try:
            layout = types.layout(map_, types.of(map_), raw=False)
            yield WatchedMap(map_, layout, _remembered(map_, content.start(map_)))
        except NotTold as error:
            tell(f"changes of {map_.name} aren't shown: {error.message}")


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
