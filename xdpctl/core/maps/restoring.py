"""What was saved, as elements of a map that is there now, with other fields or CPUs, or after a reboot."""

import sys
from collections.abc import Iterator, Sequence
from functools import cached_property

from xdpctl.core.btf.columns import Leaf, Record
from xdpctl.core.btf.known_types import OF_TIMES, SIZES
from xdpctl.core.btf.types import MODIFIERS, Types
from xdpctl.core.encode import raw
from xdpctl.core.encode.cells import NotPlain
from xdpctl.core.encode.text import Input
from xdpctl.core.maps.batch_file import Block
from xdpctl.core.maps.change import Values, in_slots, zeros
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.codec import Codec
from xdpctl.core.maps.decode import PADDING
from xdpctl.core.maps.packing import Packing
from xdpctl.core.maps.saved_file import Header, SavedElement
from xdpctl.errors import BadRequest, NoSuchMember, ValueInvalid

PACKETS = "packets"
"""What a counter of one number counts, if it isn't said."""


class Restoring:
    """What was saved, as elements of a map that is there now."""

    def __init__(self, codec: Codec, header: Header, cpus: int, before: Values = ()) -> None:
        """`before` is what holds where the file tells nothing; zero, if it isn't given."""
        self._codec = codec
        self._later = header.boot - codec.boot
        self._nothing = before or zeros(codec.map, cpus)
        self.notes: dict[str, None] = {}
        """What there was no place for, or what was taken for what."""

    @cached_property
    def _times(self) -> tuple[int, ...]:
        types = self._codec.types
        type_id = types.value_id(self._codec.map.bytes_value)
        return tuple(times(Types(types.everything.types), type_id))

    @cached_property
    def packing(self) -> Packing | None:
        """How many are written at once, where all of them say all, in numbers and bytes."""
        if self._codec.types.of_variables or self._codec.map.holds_devices:
            return None
        key, value = (
            raw.packer(*of) for of in (("key", self._codec.raw.key), ("value", self._codec.raw.value))
        )
        return None if key is None or value is None else Packing(self._codec.map, key, value)

    def packed(self, packing: Packing, block: Block) -> tuple[bytes, bytes]:
        """Keys and values as the kernel takes them; NotPlain is raised where CPUs are others now."""
        keys, values = packing.as_told(block)
        map_, size = self._codec.map, self._codec.map.bytes_value
        if len(values) != len(block) * len(self._nothing) * size:
            raise NotPlain
        to_move = self._later and self._times
        if to_move or (map_.per_cpu and size % 8):
            parts = [values[at : at + size] for at in range(0, len(values), size)]
            moving = (moved(part, self._times, self._later) for part in parts) if to_move else parts
            values = b"".join(in_slots(map_, (part,)) for part in moving)
        return keys, values

    def element(self, line: SavedElement) -> Element:
        """Members that are new are zero."""
        key = self._codec.encode_key(line.key)
        try:
            fitted = map(self._fitted, map(self._without_foreign_padding, line.values))
            values = tuple(self._codec.encode_saved_value(value, self._nothing[0]) for value in fitted)
        except NoSuchMember as error:
            hint = "build the map with that field, or take it out of the file"
            raise NoSuchMember(error.message, *error.hints, hint) from error
        values = self._of_cpus(values)
        return Element(key, tuple(moved(value, self._times, self._later) for value in values))

    def _without_foreign_padding(self, value: Input) -> Input:
        """That of another type means nothing here."""
        held = value.get(PADDING) if isinstance(value, dict) else None
        column, padding = self._codec.raw.value, self._codec.layout.value_padding
        is_member = isinstance(column, Record) and any(name == PADDING for name, *_ in column.members)
        if not isinstance(value, dict) or not isinstance(held, str) or is_member:
            return value
        if padding and padding.holds(held):
            return value
        return {name: part for name, part in value.items() if name != PADDING}

    def _fitted(self, value: Input) -> Input:
        """One number where there is a struct now, or the reverse: packets, unless there is but one member."""
        column, name = self._codec.raw.value, self._codec.map.name
        if isinstance(column, Record) and type(value) is int:
            members = [member for member, *_ in column.members]
            number = _number_among(members, f"values of {name} are structs, and the file has one number")
            others = ", ".join(member for member in members if member != number)
            self._note(f"the numbers of the file are {number}", others and f"{others} begin at zero")
            return {number: value}
        if isinstance(column, Leaf) and column.code and isinstance(value, dict):
            number = _number_among([*value], f"values of {name} are numbers, and the file has structs")
            others = ", ".join(member for member in value if member != number)
            self._note(f"{name} has {number} now", others and f"it has no place for {others}")
            found: Input = value[number]
            return found
        return value

    def _note(self, *parts: str) -> None:
        self.notes["; ".join(filter(None, parts))] = None

    def _of_cpus(self, values: Values) -> Values:
        """Of as many CPUs as there are now; those of more or fewer CPUs become one value."""
        if len(values) == len(self._nothing):
            return values
        if len(values) > 1 and not self._codec.layout.typed:
            raise BadRequest(f"it has values of {len(values)} CPUs, which can't be added up without BTF")
        size = self._codec.map.bytes_value
        [together] = self._codec.raw.value.merged(b"".join(values), size, len(values))
        return (self._codec.encode_value(together, self._nothing[0]), *self._nothing[1:])


def _number_among(members: Sequence[str], differ: str) -> str:
    """The member that is what a number alone is."""
    if len(members) > 1 and PACKETS not in members:
        raise ValueInvalid(f"{differ}: which of {', '.join(members)} it is, isn't said")
    if not members:
        raise ValueInvalid(f"{differ} without members")
    return PACKETS if PACKETS in members else members[0]


def times(types: Types, type_id: int, at: int = 0) -> Iterator[int]:
    """Where in a type times since the start of the machine stand."""
    type_ = types.types.get(type_id)
    if type_ is None:
        return
    if type_.kind == "TYPEDEF" and type_.name in OF_TIMES:
        if types.size(type_id) in SIZES[type_.name]:
            yield at
    elif type_.kind in ("TYPEDEF", *MODIFIERS):
        yield from times(types, type_.type_id, at)
    elif type_.kind == "STRUCT":
        for member in type_.members:
            yield from times(types, member.type_id, at + member.bits_offset // 8)
    elif type_.kind == "ARRAY":
        size = types.size(type_.type_id)
        for place in range(type_.nr_elems):
            yield from times(types, type_.type_id, at + place * size)


def moved(value: bytes, places: Sequence[int], by: int) -> bytes:
    """A value in which times are counted from another start on; none stays none."""
    for place in places:
        time = int.from_bytes(value[place : place + 8], sys.byteorder)
        if time:
            later = min(max(time + by, 1), (1 << 64) - 1)
            value = value[:place] + later.to_bytes(8, sys.byteorder) + value[place + 8 :]
    return value
