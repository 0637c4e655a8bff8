"""Rates as a screen that is drawn anew, as lines, or as a summary."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Any

from msgspec import Struct

from xdpctl.core.measure.rates import Label, Rates, Series
from xdpctl.core.values.cells import spelled
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.core.values.visible import visible
from xdpctl.views import units
from xdpctl.views.table import GAP, TableColumns

HISTORY = 20
LEAST_KEY = 12
"""A key isn't cut to less."""
TRAILING = 3
"""Columns that a table can do without: share, history, what is new."""
LEAST = 3
"""Lines of a map: its name, what the columns are, and one key."""


class WatchRow(Struct, frozen=True):
    """A map under watch."""

    name: str
    about: str
    """Its type and id."""
    there: bool
    key_names: tuple[str, ...]
    fields: tuple[str, ...]
    rates: Rates
    top: int | None = None
    """So many keys are shown, the fastest."""

    def present(self) -> list[tuple[Label, Series]]:
        """The keys that are there, of which each has a line."""
        found = [(label, series) for label, series in self.rates.keys.items() if not series.gone]
        if self.top is None:
            return found
        return nsmallest(self.top, found, lambda one: _rank(one[1], self.fields))


class Terminal(Struct, frozen=True):
    width: int
    height: int
    blocks: bool
    """Whether it can show block elements."""
    bits: bool = False
    """Whether bytes are shown as bits."""


def screen(maps: Sequence[WatchRow], messages: Sequence[str], terminal: Terminal) -> str:
    """All of it, in as many lines as there are."""
    kept = [*messages][max(0, len(messages) - terminal.height // 4) :]
    room = terminal.height - 1 - len(kept)
    lines: list[str] = []
    for i, one in enumerate(maps):
        each = (room - len(lines)) // (len(maps) - i)
        if each < LEAST and len(lines) + LEAST > room:
            lines = [*lines[: room - 1], f"… and {len(maps) - i} more maps"]
            break
        lines += [*_map(one, max(LEAST, each - 1), terminal), ""]
    shown = [visible(line)[: terminal.width] for line in (*lines[:room], *kept)]
    return "\n".join(shown)


def _map(one: WatchRow, room: int, terminal: Terminal) -> Iterator[str]:
    total = one.rates.total
    speed = "  ".join(_speed(total, field, terminal.bits) for field in one.fields)
    name, now = one.name, speed if one.there else "has gone"
    in_full = f"{name}  {one.about}  {now}".rstrip()
    yield in_full if len(in_full) <= terminal.width else f"{name}  {now}"
    keys = sorted(one.rates.keys.items(), key=lambda item: _rank(item[1], one.fields))[: one.top]
    shown = keys if len(keys) <= room - 2 else keys[: max(1, room - 3)]
    rows = [_row(label, series, one, terminal) for label, series in shown]
    yield from _table(one, rows, terminal.width)
    if len(shown) < len(keys):
        yield f"… and {len(keys) - len(shown)} more keys"


def _table(one: WatchRow, rows: Sequence[list[str]], width: int) -> Iterator[str]:
    """Where it is too wide, keys are cut before numbers are left out; the history is what ends it."""
    keys, fields = len(one.key_names), len(one.fields)
    header = [*one.key_names, *_headings(one.fields), "share", "history", ""]
    numbers = [*([False] * keys), *([True] * (2 * fields + 1)), False, False]
    shown, with_share = _fitting(TableColumns(header, rows, numbers=numbers), keys, fields, width)
    counts, rest = keys + 2 * shown, keys + 2 * fields if with_share else len(header)
    header, numbers = header[:counts] + header[rest:], numbers[:counts] + numbers[rest:]
    rows = [row[:counts] + row[rest:] for row in rows]
    columns = TableColumns([*header, ""], [[*row, ""] for row in rows], numbers=[*numbers, False])
    over = columns.starts[counts + with_share] - len(GAP) - width
    if over > 0:
        room = max(LEAST_KEY, columns.starts[keys] - len(GAP) - over)
        rows = [[_cut(" ".join(row[:keys]), room), *row[keys:]] for row in rows]
        header = [_cut(header[0], room) if keys == 1 else "key", *header[keys:]]
        numbers = numbers[keys - 1 :]
    columns = TableColumns(header, rows, numbers=numbers)
    yield columns.header
    yield from map(columns.line, rows)


def _fitting(columns: TableColumns, keys: int, fields: int, width: int) -> tuple[int, bool]:
    """How many of the fields there is room for beside keys that are cut, and whether the share fits too."""
    room = width + max(0, columns.starts[keys] - len(GAP) - LEAST_KEY)
    ends = [start - len(GAP) for start in columns.starts[1:]]
    shown = max((n for n in range(1, fields + 1) if ends[keys + 2 * n - 1] <= room), default=1)
    share = ends[keys + 2 * fields] - ends[keys + 2 * fields - 1]
    return shown, ends[keys + 2 * shown - 1] + share <= room


def _cut(words: str, room: int) -> str:
    return words if len(words) <= room else f"{words[: room - 1]}…"


def _headings(fields: Sequence[str]) -> list[str]:
    return [heading for field in fields for heading in (field, "/s")]


def _rank(series: Series, fields: Sequence[str]) -> tuple[float, ...]:
    """The fastest first, then those that have counted most."""
    return -(series.rates.get(fields[0]) or 0.0), -series.values.get(fields[0], 0)


def _row(label: Label, series: Series, one: WatchRow, terminal: Terminal) -> list[str]:
    cells = _padded(label, one)
    for field in one.fields:
        rate = series.rates.get(field)
        cells.append(units.amount(series.values.get(field, 0), field, terminal.bits))
        cells.append("" if rate is None else units.amount(rate, field, terminal.bits))
    share = units.share(series.rates.get(one.fields[0]), one.rates.total.rates.get(one.fields[0]))
    history = units.history([*series.history], HISTORY, terminal.blocks)
    return [*cells, share, history, "gone" if series.gone else "new" if series.new else ""]


def _padded(label: Label, one: WatchRow) -> list[str]:
    """A key with a cell for each column: only keys whose padding isn't zero have one for it."""
    return [*label, *[""] * (len(one.key_names) - len(label))]


def _speed(series: Series, field: str, bits: bool) -> str:
    rate = series.rates.get(field)
    what = "" if field == units.BYTES else f" {field}"
    return "" if rate is None else f"{units.amount(rate, field, bits)}{what}/s"


def lines(one: WatchRow, time: str, bits: bool) -> Iterator[str]:
    """A line for each key."""
    for label, series in one.present():
        counts = "  ".join(_count(series, field, bits) for field in one.fields)
        yield visible(f"{time}  {one.name}  {' '.join(label)}  {counts}") + "\n"


def _count(series: Series, field: str, bits: bool) -> str:
    rate = series.rates.get(field)
    speed = "" if rate is None else f" {units.amount(rate, field, bits)}/s"
    return f"{field} {series.values.get(field, 0)}{speed}"


CSV_HEADER = "time,map,key,field,total,per_second\n"


def csv_lines(one: WatchRow, time: str) -> str:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(_csv_rows(one, time))
    return out.getvalue()


def _csv_rows(one: WatchRow, time: str) -> Iterator[tuple[object, ...]]:
    for label, series in one.present():
        for field in one.fields:
            rate = series.rates.get(field)
            told = "" if rate is None else f"{rate:.3f}"
            yield time, spelled(one.name), spelled(" ".join(label)), field, series.values.get(field, 0), told


def json_lines(one: WatchRow, time: str) -> Iterator[str]:
    for label, series in one.present():
        key: Any = dict(zip(one.key_names, label, strict=False)) if len(label) > 1 else label[0]
        rates: Mapping[str, float | None] = {field: series.rates.get(field) for field in one.fields}
        about = {"schema": SCHEMA, "time": time, "map": one.name, "key": key}
        yield _json({**about, "value": series.values, "per_second": rates})


def json_event(what: str, time: str) -> str:
    return _json({"schema": SCHEMA, "time": time, "event": what})


def _json(what: Mapping[str, Any]) -> str:
    return to_json(what) + "\n"


def summary(maps: Sequence[WatchRow], bits: bool) -> str:
    """What was counted while we watched."""
    return "\n\n".join("\n".join(_summary(one, bits)) for one in maps)


def _summary(one: WatchRow, bits: bool) -> Iterator[str]:
    seconds = one.rates.seconds
    yield visible(f"{one.name}: {seconds:.1f} s")
    headings = [heading for field in one.fields for heading in (field, "mean/s", "peak/s")]
    keys = sorted(one.rates.keys.items(), key=lambda item: -item[1].increase.get(one.fields[0], 0))[: one.top]
    rows = [[*_padded(label, one), *_series(series, one.fields, seconds, bits)] for label, series in keys]
    blank = [""] * (len(one.key_names) - 1)
    rows.append(["total", *blank, *_series(one.rates.total, one.fields, seconds, bits)])
    numbers = [*([False] * len(one.key_names)), *([True] * len(headings))]
    columns = TableColumns([*one.key_names, *headings], rows, numbers=numbers)
    yield columns.header
    yield from map(columns.line, rows)


def _series(series: Series, fields: Sequence[str], seconds: float, bits: bool) -> Iterator[str]:
    for field in fields:
        increase = series.increase.get(field, 0)
        for number in (increase, increase / (seconds or 1), series.peaks.get(field, 0.0)):
            yield units.amount(number, field, bits)
