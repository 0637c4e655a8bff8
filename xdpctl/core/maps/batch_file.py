"""Elements in a file, as `dump --csv` or `dump --jsonl` prints them: what is said of each, with its line."""

import re
from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import Any

import msgspec
from msgspec import Struct

from xdpctl.core.encode.text import Input
from xdpctl.core.values.cells import unspelled
from xdpctl.core.values.json_text import from_json
from xdpctl.core.values.numerals import ID_MAX, short, whole_number
from xdpctl.core.values.value import Value
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Explained, FileInvalid


class Spoken(Struct, frozen=True):
    line: int
    key: Input
    value: Input = None
    cpu: int | None = None
    """Whose value it is, where each CPU has one."""


class WrongLine(Explained):
    code = FileInvalid.code

    def __init__(self, line: int, message: str, *hints: str) -> None:
        super().__init__(message, *hints)
        self.line = line


class BatchColumns(Struct, frozen=True):
    """How `dump` calls what there is to keys and values; a member of both is `value.NAME` of the value."""

    key: tuple[str, ...]
    value: tuple[str, ...]


class _CpuValue(Struct, forbid_unknown_fields=True):
    cpu: int
    value: Value


class _Line(Struct, forbid_unknown_fields=True):
    key: Value
    value: Value = None
    per_cpu: tuple[_CpuValue, ...] = ()


_OF_NO_ELEMENTS = ["key", "value"]
"""The header that `dump --csv --per-cpu` prints of a map without elements, whatever its columns are."""
_OF_A_WHOLE_MAP = re.compile(r'\s*\{\s*"schema"\s*:\s*\d+\s*,\s*(?P<saved>"saved")?')
_HEADER = "begin with a header as dump --csv prints it"
_EXAMPLE = 'write {"key":…,"value":…}'


def read(text: str, columns: BatchColumns, values: bool) -> Iterator[Spoken]:
    """All that is said; `values` too, or keys alone count."""
    if found := _OF_A_WHOLE_MAP.match(text):
        if found["saved"]:
            raise WrongLine(1, "this is a saved map", "xdpctl map restore writes it back")
        raise WrongLine(1, "this is one object, as --json prints it", "take --jsonl: a line for each element")
    if text.lstrip().startswith("{"):
        return _json_lines(text)
    return _csv(text, columns, values) if text.strip() else iter(())


def _json_lines(text: str) -> Iterator[Spoken]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        said = _element(number, line)
        if said.per_cpu:
            yield from (Spoken(number, said.key, part.value, part.cpu) for part in said.per_cpu)
        else:
            yield Spoken(number, said.key, said.value)


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
        return f"{odd!r} is neither key nor value"
    return 'per_cpu is a list like [{"cpu":0,"value":…}]' if "key" in found else "it has no key"


def _csv(text: str, columns: BatchColumns, values: bool) -> Iterator[Spoken]:
    import csv
    import io

    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(reader)
        rows = ((reader.line_num, row) for row in reader if row)
        first = [*islice(rows, 1)]
        if first or header != _OF_NO_ELEMENTS:
            _check(header, columns, values)
        for number, cells in chain(first, rows):
            if len(cells) != len(header):
                many = f"{len(cells)} column{'s' * (len(cells) != 1)}"
                raise WrongLine(number, f"it has {many}, the header has {len(header)}")
            yield _spoken(number, dict(zip(header, map(unspelled, cells), strict=True)), columns)
    except csv.Error as error:
        raise WrongLine(reader.line_num, f"it is no CSV: {error}") from error


def _check(header: Collection[str], columns: BatchColumns, values: bool) -> None:
    if not header:
        raise WrongLine(1, "the header is missing", _HEADER)
    known = (*columns.key, "cpu", *columns.value)
    for name in header:
        if name not in known:
            raise WrongLine(1, f"there is no column {name!r}", *did_you_mean(name, known))
    if len(set(header)) < len(header):
        raise WrongLine(1, "a column is there twice")
    wanted = [name for name in columns.key if name not in header]
    if values and not set(columns.value) & set(header):
        wanted += columns.value
    if wanted:
        raise WrongLine(1, f"columns are missing: {', '.join(wanted)}", _HEADER)


def _spoken(line: int, row: dict[str, str], columns: BatchColumns) -> Spoken:
    key: dict[str, Any] = {name: row[name] for name in columns.key}
    value: dict[str, Any] = {name: row[name] for name in columns.value if name in row}
    cpu = row.get("cpu") if "cpu" not in (*columns.key, *columns.value) else None
    number = None if cpu is None else whole_number(cpu, ID_MAX)
    if cpu is not None and number is None:
        raise WrongLine(line, f"there is no CPU {short(cpu)}")
    return Spoken(line, _whole(key, "key"), _whole(value, "value"), number)


def _whole(cells: dict[str, Any], name: str) -> Input:
    """What is no struct is one column of that name."""
    if set(cells) <= {name}:
        return cells.get(name)
    return {column.removeprefix("value."): cell for column, cell in cells.items()}
