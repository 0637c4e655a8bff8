"""Rows to aligned columns; rich would cost more time than all the rest of a dump."""

from collections.abc import Sequence

from xdpctl.core.cells import cell

Row = Sequence[object]
GAP = "  "


class Columns:
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
        self.header = self.line([name.upper() for name in header])

    def line(self, row: Row) -> str:
        cells = zip(map(text, row), self._widths, self._numbers, strict=True)
        return GAP.join(
            cell.rjust(width) if number else cell.ljust(width) for cell, width, number in cells
        ).rstrip()


def table(header: Sequence[str], rows: Sequence[Row]) -> str:
    columns = Columns(header, rows)
    return "\n".join([columns.header, *map(columns.line, rows)])


def text(value: object) -> str:
    """As one line without control characters, which would act on the terminal."""
    shown = "-" if value is None else str(cell(value))
    return shown if shown.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
