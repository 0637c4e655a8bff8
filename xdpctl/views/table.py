"""Rows to aligned columns."""

from collections.abc import Sequence
from itertools import chain

from xdpctl.core.values.cells import cell
from xdpctl.core.values.visible import visible

Row = Sequence[object]
GAP = "  "
LEAST = 10
"""A column isn't wrapped to less."""


class TableColumns:
    """Numbers to the right, text to the left, as wide as these rows need."""

    def __init__(
        self,
        header: Sequence[str],
        rows: Sequence[Row],
        others: Sequence[Row] = (),
        numbers: Sequence[bool] = (),
    ) -> None:
        """Other rows have a say in how wide columns are, not in what is a number; it can be told, too."""
        cells = [[text(cell) for cell in row] for row in (*rows, *others)]
        self._widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
        self._numbers = numbers or [
            bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(header))
        ]
        self.starts = [sum(self._widths[:i]) + i * len(GAP) for i in range(len(header))]
        self.ends = [start + width for start, width in zip(self.starts, self._widths, strict=True)]
        self.width = self.ends[-1]
        self.header = self.line([name.upper() for name in header])

    def line(self, row: Row) -> str:
        cells = zip(map(text, row), self._widths, self._numbers, strict=True)
        return GAP.join(
            cell.rjust(width) if number else cell.ljust(width) for cell, width, number in cells
        ).rstrip()


def table(header: Sequence[str], rows: Sequence[Row], width: int | None = None) -> str:
    """On a terminal that is narrower, the last column is wrapped."""
    columns = TableColumns(header, rows)
    *_, last = columns.starts
    if width and columns.width > width and width - last >= LEAST:
        rows = [part for row in rows for part in _wrapped(row, width - last)]
    return "\n".join([columns.header, *map(columns.line, rows)])


def _wrapped(row: Row, room: int) -> list[Row]:
    *others, last = row
    first, *more = wrapped(text(last), room).splitlines() or [""]
    return [[*others, first], *([*([""] * len(others)), part] for part in more)]


def wrapped(lines: str, width: int | None) -> str:
    """Text as it is, or in lines that fit a terminal."""
    if not width:
        return lines
    import textwrap

    return "\n".join(textwrap.fill(line, width) for line in lines.splitlines())


def listed(header: Sequence[str], rows: Sequence[Row], width: int | None) -> str:
    """A table, or where a terminal is narrower, the cells of each row below its first."""
    if not width or TableColumns(header, rows).width <= width:
        return table(header, rows)
    return "\n".join(map(StackedCells(header, width).line, rows))


class StackedCells:
    """For a terminal narrower than a table: the first cell of a row, and below it the others by name."""

    def __init__(self, header: Sequence[str], width: int) -> None:
        first, *others = (name.strip() for name in header)
        self.header, self._width = first.upper(), width
        room = max(map(len, others), default=0)
        self._names = [f"  {name:<{room}}{GAP}" for name in others]

    def line(self, row: Row) -> str:
        """Several, each as long as the terminal is wide; cells that there aren't are left out."""
        first, *cells = (text(cell).strip() for cell in row)
        named = (self._lines(name, cell) for name, cell in zip(self._names, cells, strict=True) if cell)
        return "\n".join([*self._lines("", first), *chain.from_iterable(named)])

    def _lines(self, name: str, cell: str) -> list[str]:
        room = max(LEAST, self._width - len(name))
        parts = [cell[at : at + room] for at in range(0, len(cell), room)] or [""]
        return [name + parts[0], *(" " * len(name) + part for part in parts[1:])]


def text(value: object) -> str:
    """As one line without control characters, which would act on the terminal."""
    shown = "-" if value is None else str(cell(value))
    return shown if shown.isprintable() else visible(shown)
