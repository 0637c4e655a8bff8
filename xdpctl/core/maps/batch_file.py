"""Elements in a file, as `dump --csv` or `dump --jsonl` prints them: what is said of each, with its line."""

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from xdpctl.core.encode.cells import Cells
from xdpctl.core.encode.text import Input
from xdpctl.core.values.cells import unspelled
from xdpctl.core.values.json_text import from_json
from xdpctl.core.values.numerals import ID_MAX, short, whole_number
from xdpctl.core.values.value import Value, flat
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Explained, FileInvalid


class Spoken(Struct, frozen=True):
    line: int
    key: Input
    value: Input = None
    cpu: int | None = None
    """Whose value it is, where each CPU has one."""
    cpus: tuple[Value, ...] = ()
    """Those of all CPUs, where they are told together."""


class WrongLine(Explained):
    code = FileInvalid.code

    def __init__(self, line: int, message: str, *hints: str) -> None:
        super().__init__(message, *hints)
        self.line = line


class BatchColumns(Struct, frozen=True):
    """How `dump` calls what there is to keys and values; a member of both is `value.NAME` of the value."""

    key: tuple[str, ...]
    value: tuple[str, ...]
    padding: str = ""
    """How that of keys is called, where it may be told."""


class _CpuValue(Struct, forbid_unknown_fields=True):
    cpu: int
    value: Value


class _Line(Struct, forbid_unknown_fields=True):
    key: Value
    value: Value = None
    per_cpu: tuple[_CpuValue, ...] = ()


Columns = tuple[list[Cells], list[Cells]]
"""What is said of members of keys, and of values."""
AT_ONCE = 4096
"""Lines of a block."""
_OF_NO_ELEMENTS = ["key", "value"]
"""The header that `dump --csv --per-cpu` prints of a map without elements, whatever its columns are."""
_OF_A_WHOLE_MAP = re.compile(r'\s*\{\s*"schema"\s*:\s*\d+\s*,\s*(?P<saved>"saved")?')
_BEGINNING = 3
"""Lines by which a file is known for what it is, after blank ones."""
_HEADER = "begin with a header as dump --csv prints it"
_EXAMPLE = 'write {"key":…,"value":…}'


class Form(Protocol):
    """How lines of a file say something."""

    def each(self, line: int, row: Any) -> Iterator[Spoken]: ...

    def columns(self, rows: Sequence[Any], key: Sequence[str], value: Sequence[str]) -> Columns | None: ...


class Block(Struct, frozen=True):
    """Some lines that follow upon each other."""

    form: Form
    lines: Sequence[int]
    rows: Sequence[Any]
    """What was read of each line."""

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, stop: int) -> "Block":
        return Block(self.form, self.lines[start:stop], self.rows[start:stop])

    def each(self) -> Iterator[Spoken]:
        """One by one; of a line that tells of several CPUs, what it says of each."""
        pairs = zip(self.lines, self.rows, strict=True)
        return (said for line, row in pairs for said in self.form.each(line, row))

    def columns(self, key: Sequence[str], value: Sequence[str]) -> Columns | None:
        """Of these members, if each line says all of one element, and whose value it is isn't said."""
        return self.form.columns(self.rows, key, value)


def read(lines: Iterable[str], columns: BatchColumns, values: bool) -> Iterator[Block]:
    """All that is said; `values` too, or keys alone count."""
    rest = iter(lines)
    begin = []
    for line in rest:
        begin.append(line)
        if line.strip():
            break
    begin += islice(rest, _BEGINNING)
    if found := _OF_A_WHOLE_MAP.match("".join(begin)):
        if found["saved"]:
            raise WrongLine(1, "this is a saved map", "xdpctl map restore writes it back")
        raise WrongLine(1, "this is one object, as --json prints it", "take --jsonl: a line for each element")
    beginning, all_ = "".join(begin).lstrip(), chain(begin, rest)
    if beginning.startswith("{"):
        return _json(all_)
    return _csv(all_, columns, values) if beginning else iter(())


class _Json(Struct, frozen=True):
    def each(self, line: int, row: _Line) -> Iterator[Spoken]:
        if row.per_cpu:
            yield from (Spoken(line, row.key, part.value, part.cpu) for part in row.per_cpu)
        else:
            yield Spoken(line, row.key, row.value)

    def columns(self, rows: Sequence[_Line], key: Sequence[str], value: Sequence[str]) -> Columns | None:
        if any(row.per_cpu for row in rows):
            return None
        keys = members("key", [row.key for row in rows], key)
        values = members("value", [row.value for row in rows], value)
        return None if keys is None or values is None else (keys, values)


def members(what: str, said: list[Value], names: Sequence[str]) -> list[Cells] | None:
    """By their names, where all are told by them."""
    if [*names] == [what]:
        return [said]
    if not names:
        return []
    nested = any("." in name for name in names)
    parts: list[Any] = [flat(what, one) for one in said] if nested else said
    if {*map(type, parts)} != {dict} or {*map(len, parts)} != {len(names)}:
        return None
    try:
        return [[part[name] for part in parts] for name in names]
    except KeyError:
        return None


def _json(lines: Iterable[str]) -> Iterator[Block]:
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    decode = msgspec.json.Decoder(_Line).decode
    while part := [*islice(numbered, AT_ONCE)]:
        numbers, texts = zip(*part, strict=True)
        try:
            found = [*map(decode, texts)]
        except (msgspec.DecodeError, RecursionError):
            found = []
        if found and _each_name_once("".join(texts), found):
            yield Block(_Json(), numbers, found)
        else:
            yield from _one_by_one(part)


def _each_name_once(text: str, found: Sequence[_Line]) -> bool:
    """Surely so, if there are no more colons than there are names, and in texts."""
    parts = [*(line.key for line in found), *(line.value for line in found)]
    names = sum([2 if line.value is not None else 1 for line in found])
    names += sum([len(part) for part in parts if isinstance(part, dict)])
    in_texts = sum([part.count(":") for part in parts if isinstance(part, str)])
    return "\\" not in text and text.count(":") == names + in_texts


def _one_by_one(part: Sequence[tuple[int, str]]) -> Iterator[Block]:
    """What comes before a line that is wrong, comes."""
    for number, line in part:
        yield Block(_Json(), [number], [_element(number, line)])


def _element(number: int, line: str) -> _Line:
    try:
        found = from_json(line)
    except ValueError as error:
        raise WrongLine(number, f"this is no element: {error}", _EXAMPLE) from error
    try:
        return msgspec.convert(found, _Line)
    except msgspec.ValidationError as error:
        raise WrongLine(number, f"this is no element: {_lacks(found)}", _EXAMPLE) from error


def _lacks(found: Value) -> str:
    """What keeps this from being an element."""
    if not isinstance(found, dict):
        return "it isn't in braces"
    odd = next((name for name in found if name not in _Line.__struct_fields__), None)
    if odd is not None:
        return f"{short(odd)} is neither key nor value"
    return 'per_cpu is a list like [{"cpu":0,"value":…}]' if "key" in found else "it has no key"


class _Csv(Struct, frozen=True):
    header: tuple[str, ...]
    names: BatchColumns

    @property
    def tells_cpus(self) -> bool:
        return "cpu" in self.header and "cpu" not in (*self.names.key, *self.names.value)

    def each(self, line: int, row: Sequence[str]) -> Iterator[Spoken]:
        said = dict(zip(self.header, map(unspelled, row), strict=True))
        key: dict[str, Any] = {name: said[name] for name in self.names.key}
        key |= {name: said[name] for name in (self.names.padding,) if said.get(name)}
        value: dict[str, Any] = {name: said[name] for name in self.names.value if name in said}
        cpu = said["cpu"] if self.tells_cpus else None
        of_cpu = None if cpu is None else whole_number(cpu, ID_MAX)
        if cpu is not None and of_cpu is None:
            raise WrongLine(line, f"there is no CPU {short(cpu)}")
        yield Spoken(line, _whole(key, "key"), _whole(value, "value"), of_cpu)

    def columns(self, rows: Sequence[Any], key: Sequence[str], value: Sequence[str]) -> Columns | None:
        values = [f"value.{name}" if name in key else name for name in value]
        if self.tells_cpus or not {*key, *values} <= {*self.header}:
            return None
        columns = dict(zip(self.header, zip(*rows, strict=True), strict=True))
        if any(columns.get(self.names.padding, ())):
            return None
        return [_unspelled(columns[name]) for name in key], [_unspelled(columns[name]) for name in values]


def _unspelled(cells: Sequence[str]) -> Cells:
    return [*map(unspelled, cells)] if "\\" in "".join(cells) else cells


def _csv(lines: Iterable[str], columns: BatchColumns, values: bool) -> Iterator[Block]:
    import csv

    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader)
        first = next(filter(None, reader), None)
        if first is not None or header != _OF_NO_ELEMENTS:
            _check(header, columns, values)
        if first is not None:
            yield from _csv_blocks(reader, first, _Csv(tuple(header), columns))
    except csv.Error as error:
        raise WrongLine(reader.line_num, f"it is no CSV: {error}") from error


def _csv_blocks(reader: Any, first: list[str], form: _Csv) -> Iterator[Block]:
    """What comes before a line that is wrong, comes."""
    import csv

    width = len(form.header)
    lines, rows = array("I"), list[list[str]]()
    try:
        for row in chain([first], reader):
            if len(row) == width:
                rows.append(row)
                lines.append(reader.line_num)
            elif row:
                many = f"{len(row)} column{'s' * (len(row) != 1)}"
                raise WrongLine(reader.line_num, f"it has {many}, the header has {width}")
            if len(rows) == AT_ONCE:
                yield Block(form, lines, rows)
                lines, rows = array("I"), []
    except (WrongLine, csv.Error):
        yield Block(form, lines, rows)
        raise
    yield Block(form, lines, rows)


def _check(header: Collection[str], columns: BatchColumns, values: bool) -> None:
    if not header:
        raise WrongLine(1, "the header is missing", _HEADER)
    known = (*columns.key, "cpu", *columns.value, *filter(None, (columns.padding,)))
    for name in header:
        if name not in known:
            raise WrongLine(1, f"there is no column {short(name)}", *did_you_mean(name, known))
    if len(set(header)) < len(header):
        raise WrongLine(1, "a column is there twice")
    wanted = [name for name in columns.key if name not in header]
    if values and not set(columns.value) & set(header):
        wanted += columns.value
    if wanted:
        raise WrongLine(1, f"columns are missing: {', '.join(wanted)}", _HEADER)


def _whole(cells: dict[str, Any], name: str) -> Input:
    """What is no struct is one column of that name."""
    if set(cells) <= {name}:
        return cells.get(name)
    return {column.removeprefix("value."): cell for column, cell in cells.items()}
