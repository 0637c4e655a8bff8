"""Rows to aligned columns; rich would cost more time than all the rest of a dump."""

from collections.abc import Sequence

Row = Sequence[object]


def table(header: Sequence[str], rows: Sequence[Row]) -> str:
    """Numbers to the right, text to the left, two spaces between."""
    cells = [[text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    numbers = [bool(rows) and all(isinstance(row[i], int) for row in rows) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in ([name.upper() for name in header], *cells)
    )


def text(cell: object) -> str:
    """As one line without control characters, which would act on the terminal."""
    shown = "-" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)
    return shown if shown.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
