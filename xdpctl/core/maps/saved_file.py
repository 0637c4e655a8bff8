"""What `dump --save` writes: a line about the map, one for each element, raw, and their number at the end."""

import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated

import msgspec
from msgspec import Struct

from xdpctl.core.btf.columns import Leaf, Record
from xdpctl.core.btf.known_types import OF_TIMES, SIZES
from xdpctl.core.btf.types import MODIFIERS, Types
from xdpctl.core.encode.text import Input
from xdpctl.core.machine.identifiers import whole
from xdpctl.core.maps.change import Values, zeros
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.codec import Codec
from xdpctl.core.values.json_text import SCHEMA
from xdpctl.core.values.value import Value
from xdpctl.core.wording import element_count
from xdpctl.errors import BadRequest, FileInvalid, NoSuchMember, ValueInvalid

PACKETS = "packets"
"""What a counter of one number counts, if it isn't said."""


class About(Struct, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[\w.]*\Z")]
    """As the kernel lets maps be called: no path, and no `id:N`."""
    type: str | int
    pin: str | None = None

    @property
    def whole_name(self) -> str:
        """Older files have the name as the kernel cut it."""
        return whole(self.name, [self.pin] if self.pin else [])


class Header(Struct, frozen=True):
    schema: int
    saved: str
    boot: int
    """When that machine was started, in nanoseconds since 1970."""
    map: About


class End(Struct, frozen=True, forbid_unknown_fields=True):
    elements: int
    """How many there are; without this line, the file was cut off."""


class SavedElement(Struct, frozen=True, forbid_unknown_fields=True):
    key: Value
    value: Value = None
    cpus: tuple[Value, ...] = ()

    @property
    def values(self) -> Sequence[Input]:
        return self.cpus or (self.value,)


def read(text: str, name: str) -> tuple[Header, Iterator[tuple[int, SavedElement]]]:
    """What is said of the map, and its elements with the numbers of their lines."""
    first, *lines = text.rstrip().split("\n")
    try:
        header = msgspec.json.decode(first, type=Header)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FileInvalid(
            f"{name} is no saved map: {error}", "xdpctl dump MAP --save FILE writes one"
        ) from error
    if header.schema != SCHEMA:
        raise FileInvalid(f"{name} has the schema {header.schema}, and this xdpctl reads {SCHEMA}")
    return header, _elements(_whole(lines, name), name)


def is_header(line: str) -> bool:
    """Whether what begins so was saved, and is no CSV or JSON lines."""
    try:
        msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _whole(lines: Sequence[str], name: str) -> Sequence[str]:
    """The lines before the end, if it says that these are all."""
    *before, last = lines or [""]
    try:
        end = msgspec.json.decode(last, type=End)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FileInvalid(f"{name} was cut off: at its end, the number of elements is missing") from error
    there = sum(bool(line.strip()) for line in before)
    if there != end.elements:
        raise FileInvalid(
            f"{name} has {element_count(there)}, and its last line says {end.elements}",
            "if you took some out, or put some in, change the last line too",
        )
    return before


def _elements(lines: Sequence[str], name: str) -> Iterator[tuple[int, SavedElement]]:
    decoder = msgspec.json.Decoder(SavedElement)
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        try:
            yield number, decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise FileInvalid(f"{name}:{number}: this is no element: {error}") from error


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

    def element(self, line: SavedElement) -> Element:
        """Members that are new are zero."""
        key = self._codec.encode_key(line.key)
        try:
            fitted = map(self._fitted, line.values)
            values = tuple(self._codec.encode_value(value, self._nothing[0]) for value in fitted)
        except NoSuchMember as error:
            hint = "build the map with that field, or take it out of the file"
            raise NoSuchMember(error.message, *error.hints, hint) from error
        values = self._of_cpus(values)
        return Element(key, tuple(moved(value, self._times, self._later) for value in values))

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
