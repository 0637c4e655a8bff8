"""What the instructions of an object do with the values of maps, and which verdicts they end with.

Every way through the code is followed, as the verifier does, but of registers and stack only this is
kept: which of them hold constants, a map, a place in a map's value, what stands there, or the sum of that
and something. Where ways meet, what differs is forgotten, but for what was read on one of them and is a
constant on the other.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from xdpctl.core.objects import instructions as bpf
from xdpctl.core.objects.facts import (
    ARGUMENTS,
    DELETE,
    FRAME,
    INSIDE,
    LOCKED,
    LOOKUP,
    UPDATE,
    Constants,
    Content,
    Fact,
    Inside,
    OfMap,
    OnStack,
    Place,
    State,
    computed,
    forget,
    helped,
    loaded,
    merged,
    moved,
    on_side,
    set_fact,
    write_on_stack,
)
from xdpctl.core.objects.instructions import Instruction


class Added(Struct, frozen=True):
    """A sum is written back to a map without care for other CPUs."""

    map: str
    section: str
    offset: int
    """Of the instruction, in bytes."""


class Ended(Struct, frozen=True):
    """A program ends with this verdict."""

    verdict: int
    section: str
    offset: int
    """Of the instruction that sets it, in bytes."""


class Code(Struct, frozen=True):
    """What is executable in an object."""

    sections: Mapping[str, list[Instruction]]
    maps: Mapping[tuple[str, int], str]
    """The map that an instruction names, by section and offset in bytes."""
    functions: Mapping[tuple[str, int], tuple[str, int]]
    """The function that an instruction calls, likewise: its section and offset there."""
    relocated: frozenset[tuple[str, int]]
    """All that aren't known before the object is loaded, likewise."""
    programs: tuple[tuple[str, int], ...]


def follow(code: Code) -> tuple[Added | Ended, ...]:
    walk = _Walk(code)
    walk.run()
    return tuple(sorted(walk.found, key=lambda one: (one.section, one.offset)))


class _Walk:
    def __init__(self, code: Code) -> None:
        self.code = code
        self.found: set[Added | Ended] = set()
        self.states: dict[tuple[str, int], State] = {}
        self.waiting: list[tuple[str, int]] = []
        self.met = {section: set(_targets(found)) for section, found in code.sections.items()}
        """Where ways can meet."""
        self.results: dict[Inside, Fact | None] = {}
        """Of functions, as far as they are known."""
        self.returns: dict[Inside, dict[tuple[str, int], State]] = {}
        """Where it goes on when a function ends: behind its calls."""

    def run(self) -> None:
        for section, offset in self.code.programs:
            self._arrive(section, offset // bpf.SIZE, {FRAME: OnStack(0)})
        while self.waiting:
            section, at = self.waiting.pop()
            self._along(section, at, dict(self.states[section, at]))

    def _arrive(self, section: str, at: int, state: State) -> None:
        known = self.states.get((section, at))
        found = state if known is None else merged(known, state)
        if found != known:
            self.states[section, at] = found
            self.waiting.append((section, at))

    def _along(self, section: str, at: int, state: State) -> None:
        """Until the way forks, meets another, or ends."""
        found = self.code.sections[section]
        while at < len(found):
            one = found[at]
            if one.code == bpf.EXIT:
                self._end(section, state)
                return
            if one.jumps:
                self._fork(section, at, one, state)
                return
            if one.code == bpf.CALL and one.source == bpf.FUNCTION and self._enter(section, at, one, state):
                return
            self._step(section, at, one, state)
            at += 2 if one.code == bpf.LOAD_IMMEDIATE else 1
            if at in self.met[section]:
                self._arrive(section, at, state)
                return

    def _end(self, section: str, state: State) -> None:
        verdict, function = state.get(0), state.get(INSIDE)
        if isinstance(function, Inside):
            self._return(function, verdict)
        elif isinstance(verdict, Constants):
            self.found |= {Ended(value, section, at) for value, at in verdict.values}

    def _fork(self, section: str, at: int, one: Instruction, state: State) -> None:
        if one.always_jumps:
            self._arrive(section, at + 1 + one.distance, dict(state))
            return
        for taken, to in ((True, at + 1 + one.offset), (False, at + 1)):
            there = on_side(one, taken, state, at)
            if there is not None:
                self._arrive(section, to, there)

    def _step(self, section: str, at: int, one: Instruction, state: State) -> None:
        match one.kind:
            case bpf.LD:
                set_fact(state, one.target, self._immediate(section, at, one))
            case bpf.LDX:
                set_fact(state, one.target, loaded(one, state))
            case bpf.ST | bpf.STX:
                self._store(section, at, one, state)
            case bpf.ALU32 | bpf.ALU64:
                set_fact(state, one.target, computed(one, state, at))
            case bpf.JMP:
                self._call(section, at, one, state)

    def _immediate(self, section: str, at: int, one: Instruction) -> Fact | None:
        place = (section, at * bpf.SIZE)
        if place in self.code.maps:
            return OfMap(self.code.maps[place])
        if place in self.code.relocated:
            return None
        high = self.code.sections[section][at + 1].immediate
        return Constants(frozenset({(one.immediate & 0xFFFFFFFF | high << 32, place[1])}))

    def _store(self, section: str, at: int, one: Instruction, state: State) -> None:
        where = state.get(one.target)
        if one.mode == bpf.ATOMIC:
            state.pop(0 if one.immediate == bpf.COMPARE_AND_EXCHANGE else one.source, None)
        elif isinstance(where, OnStack):
            constant = Constants(frozenset({(one.immediate, at * bpf.SIZE)}))
            fact = state.get(one.source) if one.kind == bpf.STX else constant
            write_on_stack(state, where.offset + one.offset, fact)
        elif isinstance(where, Place) and one.kind == bpf.STX and LOCKED not in state:
            added = Content(moved(where, one.offset), added_to=True)
            if state.get(one.source) == added:
                self.found.add(Added(where.map, section, at * bpf.SIZE))

    def _call(self, section: str, at: int, one: Instruction, state: State) -> None:
        result: Fact | None = None
        if one.source == bpf.HELPER:
            if one.immediate == UPDATE:
                self._update(section, at, state)
            result = helped(one.immediate, at, state)
        reads_only = one.source == bpf.HELPER and one.immediate in (LOOKUP, UPDATE, DELETE)
        for register in ARGUMENTS:
            argument = state.pop(register, None)
            if isinstance(argument, OnStack) and not reads_only:
                forget(state, argument.offset)
        set_fact(state, 0, result)

    def _enter(self, section: str, at: int, one: Instruction, state: State) -> bool:
        """A function is followed with what its callers have in common; it goes on where that ends."""
        place = (section, at * bpf.SIZE)
        there = self.code.functions.get(place)
        if there is None and place not in self.code.relocated:
            there = (section, (at + 1 + one.immediate) * bpf.SIZE)  # in the same section
        if there is None or not 0 <= there[1] < len(self.code.sections[there[0]]) * bpf.SIZE:
            return False
        function = Inside(*there)
        given = {r: state[r] for r in ARGUMENTS if r in state and not isinstance(state[r], OnStack)}
        locked = {LOCKED: state[LOCKED]} if LOCKED in state else {}
        self._call(section, at, one, state)
        self.returns.setdefault(function, {})[section, at] = state
        inside: State = {**given, **locked, FRAME: OnStack(0), INSIDE: function}
        self._arrive(function.section, function.offset // bpf.SIZE, inside)
        if function in self.results:
            self._go_on(section, at, state, self.results[function])
        return True

    def _return(self, function: Inside, result: Fact | None) -> None:
        """Only constants are told: a pointer may be one of the function's own."""
        result = result if isinstance(result, Constants) else None
        if function in self.results:
            before = self.results[function]
            both = merged({0: before} if before else {}, {0: result} if result else {}).get(0)
            if both == before:
                return
            result = both
        self.results[function] = result
        for (section, at), state in self.returns.get(function, {}).items():
            self._go_on(section, at, state, result)

    def _go_on(self, section: str, at: int, state: State, result: Fact | None) -> None:
        there = dict(state)
        if isinstance(result, Constants):
            there[0] = Constants(frozenset((value, at * bpf.SIZE) for value, _ in result.values))
        self._arrive(section, at + 1, there)

    def _update(self, section: str, at: int, state: State) -> None:
        """A copy of the value was made, added to, and becomes the value of the same key."""
        map_, key, value = state.get(1), state.get(2), state.get(3)
        if not isinstance(map_, OfMap) or not isinstance(value, OnStack) or _adds_a_key(state.get(4)):
            return
        for place, fact in state.items():
            if isinstance(fact, Content) and fact.added_to and value.offset <= place < 0:
                there = fact.place
                same_key = isinstance(key, OnStack) and key.offset == there.key
                if (there.map, there.offset) == (map_.map, place - value.offset) and same_key:
                    self.found.add(Added(map_.map, section, at * bpf.SIZE))


def _adds_a_key(flags: Fact | None) -> bool:
    return isinstance(flags, Constants) and {value for value, _ in flags.values} == {bpf.NO_EXIST}


def _targets(found: list[Instruction]) -> Iterator[int]:
    for at, one in enumerate(found):
        if one.jumps:
            yield at + 1 + one.distance
            yield at + 1
