"""What registers, and places on the stack, hold at one point of a program, as far as `dataflow` asks."""

from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.objects import instructions as bpf
from xdpctl.core.objects.instructions import Instruction

LOOKUP, UPDATE, DELETE, CPU_NUMBER, LOCK, UNLOCK = 1, 2, 3, 8, 93, 94
"""Helpers of the kernel."""
ARGUMENTS = range(1, 6)
FRAME = 10
LOCKED = 11
"""Beside the registers, and places on the stack, which have numbers below 0."""
INSIDE = 12
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
    key: int | None = None
    """Where on the stack the key of the lookup is, as long as it stays what it was."""


class Content(Struct, frozen=True):
    """What was read from a place, on one way at least; a constant on others."""

    place: Place
    added_to: bool = False


class OnStack(Struct, frozen=True):
    offset: int


class Inside(Struct, frozen=True):
    """A function, by where it begins: what is there is no end of a program."""

    section: str
    offset: int


class CpuNumber(Struct, frozen=True):
    pass


Fact: TypeAlias = Constants | OfMap | Place | Content | OnStack | CpuNumber | Inside
State: TypeAlias = dict[int, Fact]
_NUMBER_OF_CPU = CpuNumber()


def merged(one: State, other: State) -> State:
    both: State = {}
    for place, fact in one.items():
        also = other.get(place)
        if fact == also:
            both[place] = fact
        elif isinstance(fact, Constants) and isinstance(also, Constants):
            values = fact.values | also.values
            if len(values) <= _MOST_CONSTANTS:
                both[place] = Constants(values)
        elif isinstance(fact, Content | Constants) and isinstance(also, Content | Constants):
            read = [told for told in (fact, also) if isinstance(told, Content)]
            if len(read) == 1:
                both[place] = read[0]
    for state in (one, other):
        if LOCKED in state:
            both[LOCKED] = state[LOCKED]
    return both


def set_fact(state: State, place: int, fact: Fact | None) -> None:
    if fact is None:
        state.pop(place, None)
    else:
        state[place] = fact


def write_on_stack(state: State, place: int, fact: Fact | None) -> None:
    """What was found by a key that stood there isn't found by it any more."""
    for register, told in state.items():
        if isinstance(told, Place) and told.key == place:
            state[register] = replace(told, key=None)
        elif isinstance(told, Content) and told.place.key == place:
            state[register] = replace(told, place=replace(told.place, key=None))
    set_fact(state, place, fact)


def forget(state: State, start: int) -> None:
    """A helper may have written to the stack from here on."""
    for place in [place for place in state if start <= place < 0]:
        del state[place]


def on_side(one: Instruction, taken: bool, state: State, at: int) -> State | None:
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


def loaded(one: Instruction, state: State) -> Fact | None:
    where = state.get(one.source)
    if isinstance(where, Place) and one.mode == bpf.MEMORY:
        return Content(moved(where, one.offset))
    if isinstance(where, OnStack) and -_MOST_ON_STACK <= where.offset + one.offset < 0:
        return state.get(where.offset + one.offset)
    return None


def computed(one: Instruction, state: State, at: int) -> Fact | None:
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
            return replace(target, offset=target.offset + one.immediate)
        case bpf.ADD if isinstance(target, Place):
            return Place(target.map, at, 0, target.key)
        case bpf.ADD if isinstance(source, Place):
            return Place(source.map, at, 0, source.key)
        case bpf.ADD if isinstance(source, Content):
            return Content(source.place, added_to=True)
        case bpf.ADD | bpf.SUB if isinstance(target, Content):
            return Content(target.place, added_to=True)
    return None


def moved(place: Place, by: int) -> Place:
    return replace(place, offset=place.offset + by)


def helped(helper: int, at: int, state: State) -> Fact | None:
    if helper == CPU_NUMBER:
        return _NUMBER_OF_CPU
    if helper == LOCK:
        state[LOCKED] = _NUMBER_OF_CPU
    if helper == UNLOCK:
        state.pop(LOCKED, None)
    map_, key = state.get(1), state.get(2)
    if helper == LOOKUP and isinstance(map_, OfMap):
        own = isinstance(key, OnStack) and state.get(key.offset) == _NUMBER_OF_CPU
        return None if own else Place(map_.map, at, 0, key.offset if isinstance(key, OnStack) else None)
    return None
