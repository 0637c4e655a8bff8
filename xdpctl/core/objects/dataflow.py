"""What the instructions of an object do with the values of maps, and which verdicts they end with.

Every way through the code is followed, as the verifier does, but of registers and stack only this is
kept: which of them hold constants, a map, a place in a map's value, what stands there, or the sum of that
and something. Where ways meet, what differs is forgotten: nothing is found that isn't so on each of them.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from xdpctl.core.objects import instructions as bpf
from xdpctl.core.objects.instructions import Instruction

LOOKUP, UPDATE, DELETE, CPU_NUMBER, LOCK, UNLOCK = 1, 2, 3, 8, 93, 94
_ARGUMENTS = range(1, 6)
_FRAME = 10
_LOCKED = 11
"""Beside the registers, and places on the stack, which have numbers below 0."""
_MOST_CONSTANTS = 16
_MOST_ON_STACK = 512


class Constants(Struct, frozen=True):
    values: frozenset[tuple[int, int]]
    """Each with the offset of the instruction that sets it."""


class OfMap(Struct, frozen=True):
    map: str


class Place(Struct, frozen=True):
    """An address in a map's value."""

    map: str
    lookup: int
    """Which instruction found the value, or moved the address by what isn't known."""
    offset: int


class Content(Struct, frozen=True):
    """What was read from a place."""

    place: Place
    added_to: bool = False


class OnStack(Struct, frozen=True):
    offset: int


class CpuNumber(Struct, frozen=True):
    pass


Fact: TypeAlias = Constants | OfMap | Place | Content | OnStack | CpuNumber
State: TypeAlias = dict[int, Fact]
_NUMBER_OF_CPU = CpuNumber()


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

    def run(self) -> None:
        for section, offset in self.code.programs:
            self._arrive(section, offset // bpf.SIZE, {_FRAME: OnStack(0)})
        while self.waiting:
            section, at = self.waiting.pop()
            self._along(section, at, dict(self.states[section, at]))

    def _arrive(self, section: str, at: int, state: State) -> None:
        known = self.states.get((section, at))
        merged = state if known is None else _merged(known, state)
        if merged != known:
            self.states[section, at] = merged
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
            self._step(section, at, one, state)
            at += 2 if one.code == bpf.LOAD_IMMEDIATE else 1
            if at in self.met[section]:
                self._arrive(section, at, state)
                return

    def _end(self, section: str, state: State) -> None:
        verdict = state.get(0)
        if isinstance(verdict, Constants):
            self.found |= {Ended(value, section, at) for value, at in verdict.values}

    def _fork(self, section: str, at: int, one: Instruction, state: State) -> None:
        if one.always_jumps:
            self._arrive(section, at + 1 + one.distance, dict(state))
            return
        for taken, to in ((True, at + 1 + one.offset), (False, at + 1)):
            there = _where(one, taken, state, at)
            if there is not None:
                self._arrive(section, to, there)

    def _step(self, section: str, at: int, one: Instruction, state: State) -> None:
        match one.kind:
            case bpf.LD:
                _set(state, one.target, self._immediate(section, at, one))
            case bpf.LDX:
                _set(state, one.target, _loaded(one, state))
            case bpf.ST | bpf.STX:
                self._store(section, at, one, state)
            case bpf.ALU32 | bpf.ALU64:
                _set(state, one.target, _computed(one, state, at))
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
            _set(state, where.offset + one.offset, state.get(one.source) if one.kind == bpf.STX else constant)
        elif isinstance(where, Place) and one.kind == bpf.STX and _LOCKED not in state:
            to = Place(where.map, where.lookup, where.offset + one.offset)
            if state.get(one.source) == Content(to, added_to=True):
                self.found.add(Added(where.map, section, at * bpf.SIZE))

    def _call(self, section: str, at: int, one: Instruction, state: State) -> None:
        result: Fact | None = None
        if one.source == bpf.FUNCTION:
            self._enter(section, at, state)
        elif one.source == bpf.HELPER:
            if one.immediate == UPDATE:
                self._update(section, at, state)
            result = _helped(one.immediate, at, state)
        for register in _ARGUMENTS:
            argument = state.pop(register, None)
            if isinstance(argument, OnStack) and one.immediate not in (LOOKUP, UPDATE, DELETE):
                _forget(state, argument.offset)
        _set(state, 0, result)

    def _enter(self, section: str, at: int, state: State) -> None:
        """A function is followed with what its callers have in common."""
        there = self.code.functions.get((section, at * bpf.SIZE))
        if there is not None:
            given = {r: state[r] for r in _ARGUMENTS if r in state and not isinstance(state[r], OnStack)}
            locked = {_LOCKED: state[_LOCKED]} if _LOCKED in state else {}
            self._arrive(there[0], there[1] // bpf.SIZE, {**given, **locked, _FRAME: OnStack(0)})

    def _update(self, section: str, at: int, state: State) -> None:
        """A copy of the value was made, added to, and becomes the value."""
        map_, value = state.get(1), state.get(3)
        if isinstance(map_, OfMap) and isinstance(value, OnStack):
            content = state.get(value.offset)
            if isinstance(content, Content) and content.added_to and content.place.map == map_.map:
                self.found.add(Added(map_.map, section, at * bpf.SIZE))


def _targets(found: list[Instruction]) -> Iterator[int]:
    for at, one in enumerate(found):
        if one.jumps:
            yield at + 1 + one.distance
            yield at + 1


def _merged(one: State, other: State) -> State:
    merged: State = {}
    for place, fact in one.items():
        also = other.get(place)
        if fact == also:
            merged[place] = fact
        elif isinstance(fact, Constants) and isinstance(also, Constants):
            values = fact.values | also.values
            if len(values) <= _MOST_CONSTANTS:
                merged[place] = Constants(values)
    for state in (one, other):
        if _LOCKED in state:
            merged[_LOCKED] = state[_LOCKED]
    return merged


def _set(state: State, place: int, fact: Fact | None) -> None:
    if fact is None:
        state.pop(place, None)
    else:
        state[place] = fact


def _forget(state: State, start: int) -> None:
    """A helper may have written to the stack from here on."""
    for place in [place for place in state if start <= place < 0]:
        del state[place]


def _where(one: Instruction, taken: bool, state: State, at: int) -> State | None:
    """What is known on one side of a comparison; None where that side is never reached."""
    there, compared = dict(state), state.get(one.target)
    if one.from_register or one.operation not in bpf.COMPARED:
        return there
    if isinstance(compared, Constants):
        left = frozenset(pair for pair in compared.values if one.holds_for(pair[0]) is taken)
        there[one.target] = Constants(left)
        return there if left else None
    if compared is None and taken is (one.operation == bpf.EQUAL) and one.operation in bpf.EXACT:
        there[one.target] = Constants(frozenset({(one.immediate, at * bpf.SIZE)}))
    return there


def _loaded(one: Instruction, state: State) -> Fact | None:
    where = state.get(one.source)
    if isinstance(where, Place) and one.mode == bpf.MEMORY:
        return Content(Place(where.map, where.lookup, where.offset + one.offset))
    if isinstance(where, OnStack) and -_MOST_ON_STACK <= where.offset + one.offset < 0:
        return state.get(where.offset + one.offset)
    return None


def _computed(one: Instruction, state: State, at: int) -> Fact | None:
    source = state.get(one.source) if one.from_register else None
    target = state.get(one.target)
    kinds = {type(target), type(source)}
    if one.operation != bpf.MOV and CpuNumber in kinds and Content not in kinds:  # each CPU has its own
        return _NUMBER_OF_CPU if kinds.isdisjoint((Place, OnStack)) else None
    match one.operation:
        case bpf.MOV if not one.from_register:
            value = one.immediate & 0xFFFFFFFF if one.kind == bpf.ALU32 else one.immediate
            return Constants(frozenset({(value, at * bpf.SIZE)}))
        case bpf.MOV:
            return source
        case bpf.ADD if isinstance(target, Place | OnStack) and not one.from_register:
            return _moved(target, one.immediate)
        case bpf.ADD if isinstance(target, Place):
            return Place(target.map, at, 0)
        case bpf.ADD if isinstance(source, Place):
            return Place(source.map, at, 0)
        case bpf.ADD if isinstance(source, Content):
            return Content(source.place, added_to=True)
        case bpf.ADD | bpf.SUB if isinstance(target, Content):
            return Content(target.place, added_to=True)
    return None


def _moved(pointer: Place | OnStack, by: int) -> Fact:
    if isinstance(pointer, OnStack):
        return OnStack(pointer.offset + by)
    return Place(pointer.map, pointer.lookup, pointer.offset + by)


def _helped(helper: int, at: int, state: State) -> Fact | None:
    if helper == CPU_NUMBER:
        return _NUMBER_OF_CPU
    if helper == LOCK:
        state[_LOCKED] = _NUMBER_OF_CPU
    if helper == UNLOCK:
        state.pop(_LOCKED, None)
    map_, key = state.get(1), state.get(2)
    if helper == LOOKUP and isinstance(map_, OfMap):
        own = isinstance(key, OnStack) and state.get(key.offset) == _NUMBER_OF_CPU
        return None if own else Place(map_.map, at, 0)
    return None
