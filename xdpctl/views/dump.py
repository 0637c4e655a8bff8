"""The content of a map as a table, JSON, CSV, or for Prometheus: pieces of text, as the entries come."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from xdpctl.core.machine.model import Map
from xdpctl.core.maps.companions import Accounts, Counts
from xdpctl.core.query.rows import Batches, of_each_cpu, row
from xdpctl.core.values.cells import cell, spelled
from xdpctl.core.values.json_text import SCHEMA, listed, to_json, to_json_lines
from xdpctl.core.values.value import Row, Value
from xdpctl.views.table import StackedCells, TableColumns

NOTHING_KNOWN = ("key", "value")
AHEAD = 10_000
"""Rows that are looked at to know how wide columns are."""


def json_start(map_: Map, pin: str | None) -> str:
    about = {
        "id": map_.id,
        "name": map_.name,
        "type": map_.type,
        "key_size": map_.bytes_key,
        "value_size": map_.bytes_value,
        "max_entries": map_.max_entries,
        "pin": pin,
    }
    return f'{{"schema":{SCHEMA},"map":{to_json(about)},"entries":['


def json_entries(batches: Batches) -> Iterator[str]:
    return listed(to_json(entries)[1:-1] for entries in batches if entries)


def json_end(accounts: Accounts, totals: Counts | None = None) -> str:
    more = {**accounts, **({} if totals is None else {"totals": totals})}
    return "]" + "".join(f",{to_json(name)}:{to_json(counts)}" for name, counts in more.items()) + "}\n"


def json_lines(batches: Batches) -> Iterator[str]:
    return (to_json_lines(entries) for entries in batches)


def as_lines(accounts: Accounts) -> str:
    """What is counted beside the entries, in words."""
    return "\n".join(f"{what}: {_amount(counts)}" for what, counts in accounts.items())


def _amount(counts: Counts | None) -> str:
    if counts is None:
        return "unknown, since the program has gone"
    return ", ".join(
        f"{number} {what.removesuffix('s') if number == 1 else what}" for what, number in counts.items()
    )


def csv_rows(
    batches: Batches, per_cpu: bool, known: Iterable[str] = NOTHING_KNOWN, padding: str = ""
) -> Iterator[str]:
    import csv
    import io

    header, rows = _columns(_rows(batches, per_cpu), known, padding)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(spelled, header))
    while batch := list(islice(rows, AHEAD)):
        writer.writerows(
            [
                part if part.__class__ is int or part is None else _cell(part)
                for part in map(cells.get, header)
            ]
            for cells in batch
        )
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _cell(value: Value) -> object:
    return spelled(value) if isinstance(value, str) else cell(value)


def table_lines(
    batches: Batches,
    per_cpu: bool,
    totals: Counts | None = None,
    known: Iterable[str] = NOTHING_KNOWN,
    width: int | None = None,
    padding: str = "",
) -> Iterator[str]:
    """`width` is that of a terminal, if there is one."""
    header, rows = _columns(_rows(batches, per_cpu), known, padding)
    lines = ([cells.get(name) for name in header] for cells in rows)
    first = list(islice(lines, AHEAD))
    table = TableColumns(header, first, [] if totals is None else [_bottom(header, totals)])
    columns = StackedCells(header, width) if width and table.width > width else table
    yield columns.header + "\n"
    for line in chain(first, lines):
        yield columns.line(line) + "\n"
    if totals is not None:
        yield columns.line(_bottom(header, totals)) + "\n"


def _bottom(header: Sequence[str], sums: Counts) -> list[object]:
    return [sums.get(name, "total" if i == 0 else "") for i, name in enumerate(header)]


def _rows(batches: Batches, per_cpu: bool) -> Iterator[Row]:
    """One row for each entry, or for each entry and CPU."""
    for entries in batches:
        for entry in entries:
            yield from of_each_cpu(entry) if per_cpu else (row(entry),)


def _columns(rows: Iterator[Row], known: Iterable[str], padding: str) -> tuple[Sequence[str], Iterator[Row]]:
    """Names of the columns, as rows have them or as they are known, and all rows.

    Keys whose padding isn't zero have a column more than others: one may come behind those looked at.
    """
    first = list(islice(rows, AHEAD))
    header = [*max(first, key=len, default=known)]
    if padding and padding not in header and len(first) == AHEAD:
        header.append(padding)
    return header, chain(first, rows)
