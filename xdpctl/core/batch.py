"""Elements in a file, as `dump --csv` or `dump --jsonl` prints them: what is said of each, with its line."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from xdpctl.core.encode_text import Said
from xdpctl.core.meanings import Value
from xdpctl.core.suggest import did_you_mean


class Spoken(Struct, frozen=True):
    line: int
    key: Said
    value: Said = None
    cpu: int | None = None
    """Whose value it is, where each CPU has one."""


class WrongLine(Exception):
    def __init__(self, line: int, reason: str, *hints: str) -> None:
        super().__init__(reason)
        self.line, self.reason, self.hints = line, reason, hints


class Columns(Struct, frozen=True):
    """How `dump` calls what there is to keys and values; a member of both is `value.NAME` of the value."""

    key: tuple[str, ...]
    value: tuple[str, ...]


class _CpuValue(Struct):
    cpu: int
    value: Value


class _Line(Struct, forbid_unknown_fields=True):
    key: Value
    value: Value = None
    per_cpu: tuple[_CpuValue, ...] = ()


def read(text: str, columns: Columns, values: bool) -> Iterator[Spoken]:
    """All that is said; `values` too, or keys alone count."""
    if text.lstrip().startswith("{"):
        return _json_lines(text)
    return _csv(text, columns, values)


def _json_lines(text: str) -> Iterator[Spoken]:
    decoder = msgspec.json.Decoder(_Line)
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            said = decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise WrongLine(number, f"this is no element: {error}", 'write {"key":…,"value":…}') from error
        if said.per_cpu:
            yield from (Spoken(number, said.key, part.value, part.cpu) for part in said.per_cpu)
        else:
            yield Spoken(number, said.key, said.value)


def _csv(text: str, columns: Columns, values: bool) -> Iterator[Spoken]:
    import csv
    import io

    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(reader, [])
        rows = ((reader.line_num, row) for row in reader if row)
        for number, cells in _after_check(rows, header, columns, values):
            if len(cells) != len(header):
                raise WrongLine(number, f"it has {len(cells)} columns, the header has {len(header)}")
            yield _spoken(number, dict(zip(header, cells, strict=True)), columns)
    except csv.Error as error:
        raise WrongLine(reader.line_num, f"it is no CSV: {error}") from error


def _after_check(
    rows: Iterator[tuple[int, list[str]]], header: Collection[str], columns: Columns, values: bool
) -> Iterator[tuple[int, list[str]]]:
    """A header alone isn't looked at: of a map without elements, `dump` can't tell the columns."""
    for first in islice(rows, 1):
        _check(header, columns, values)
        yield first
    yield from rows


def _check(header: Collection[str], columns: Columns, values: bool) -> None:
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
        raise WrongLine(
            1, f"columns are missing: {', '.join(wanted)}", "begin with a header as dump --csv prints it"
        )


def _spoken(line: int, row: dict[str, str], columns: Columns) -> Spoken:
    key: dict[str, Any] = {name: row[name] for name in columns.key}
    value: dict[str, Any] = {name: row[name] for name in columns.value if name in row}
    cpu = row.get("cpu") if "cpu" not in (*columns.key, *columns.value) else None
    if cpu is not None and not (cpu.isascii() and cpu.isdecimal()):
        raise WrongLine(line, f"there is no CPU {cpu!r}")
    return Spoken(line, _whole(key, "key"), _whole(value, "value"), None if cpu is None else int(cpu))


def _whole(cells: dict[str, Any], name: str) -> Said:
    """What is no struct is one column of that name."""
    if set(cells) <= {name}:
        return cells.get(name)
    return {column.removeprefix("value."): cell for column, cell in cells.items()}
