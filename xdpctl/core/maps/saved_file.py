"""What `dump --save` writes: a line about the map, one for each element, raw, and their number at the end."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Annotated

import msgspec
from msgspec import Struct

from xdpctl.core.encode.text import Input
from xdpctl.core.machine.identifiers import whole
from xdpctl.core.maps.batch_file import AT_ONCE, Block, Columns, Spoken, members
from xdpctl.core.values.json_text import SCHEMA, half_character
from xdpctl.core.values.value import Value
from xdpctl.core.wording import element_count
from xdpctl.errors import FileInvalid


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


def check(lines: Iterable[str], name: str) -> tuple[Header, int]:
    """What is said of the map, and how many elements there are, if its end says that these are all."""
    rest = iter(lines)
    first = next(rest, "")
    try:
        header = msgspec.json.decode(first, type=Header)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FileInvalid(
            f"{name} is no saved map: {error}", "xdpctl dump MAP --save FILE writes one"
        ) from error
    if header.schema != SCHEMA:
        raise FileInvalid(f"{name} has the schema {header.schema}, and this xdpctl reads {SCHEMA}")
    last, there = "", -1
    for line in filter(str.strip, rest):
        last, there = line, there + 1
    _check_end(last, there, name)
    return header, there


def is_header(line: str) -> bool:
    """Whether what begins so was saved, and is no CSV or JSON lines."""
    try:
        msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _check_end(last: str, there: int, name: str) -> None:
    try:
        end = msgspec.json.decode(last, type=End)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FileInvalid(f"{name} was cut off: at its end, the number of elements is missing") from error
    if there != end.elements:
        raise FileInvalid(
            f"{name} has {element_count(there)}, and its last line says {end.elements}",
            "if you took some out, or put some in, change the last line too",
        )


class _Saved(Struct, frozen=True):
    """The form of such lines."""

    def each(self, line: int, row: SavedElement) -> Iterator[Spoken]:
        yield Spoken(line=line, key=row.key, value=row.value, cpus=row.cpus)

    def columns(
        self, rows: Sequence[SavedElement], key: Sequence[str], value: Sequence[str]
    ) -> Columns | None:
        """Values are those of all CPUs, element by element, if all have as many."""
        if len({len(row.cpus) for row in rows}) > 1:
            return None
        keys = members("key", [row.key for row in rows], key)
        values = members("value", [*chain.from_iterable(row.values for row in rows)], value)
        return None if keys is None or values is None else (keys, values)


def blocks(lines: Iterable[str], name: str, count: int) -> Iterator[Block]:
    """So many elements; what comes before a line that is wrong, comes."""
    numbered = ((number, line) for number, line in enumerate(lines, 1) if number > 1 and line.strip())
    elements = islice(numbered, count)
    decode = msgspec.json.Decoder(SavedElement).decode
    while part := [*islice(elements, AT_ONCE)]:
        rows: list[SavedElement] = []
        numbers = [number for number, _ in part]
        try:
            rows.extend(decode(line) for _, line in part)
        except (msgspec.DecodeError, RecursionError) as error:
            yield Block(_Saved(), numbers[: len(rows)], rows)
            why = half_character(part[len(rows)][1]) or error
            raise FileInvalid(f"{name}:{numbers[len(rows)]}: this is no element: {why}") from error
        yield Block(_Saved(), numbers, rows)
