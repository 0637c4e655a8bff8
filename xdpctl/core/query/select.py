"""What is chosen of entries: totals, an order, those that aren't zero."""

import re
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from typing import Any

from msgspec import Struct

from xdpctl.core.maps.decode import Entry
from xdpctl.core.query.paths import value_at
from xdpctl.core.query.rows import Batches, _part, row
from xdpctl.core.values.value import Value


class Totals:
    """Sums over all entries that come by."""

    def __init__(self, names: Sequence[str]) -> None:
        self.sums = dict.fromkeys(names, 0)
        """By columns."""

    def watch(self, batches: Batches) -> Iterator[list[Entry]]:
        for entries in batches:
            for cells in map(row, entries):
                for name in self.sums:
                    number = cells.get(name)
                    self.sums[name] += number if isinstance(number, int) else 0
            yield entries


class NotZero:
    """Leaves out elements in which nothing was counted, and counts them."""

    def __init__(self) -> None:
        self.hidden = 0

    def among(self, batches: Batches) -> Iterator[list[Entry]]:
        for entries in batches:
            shown = [entry for entry in entries if not _is_zero(entry.value)]
            self.hidden += len(entries) - len(shown)
            yield shown


def _is_zero(value: Value) -> bool:
    if isinstance(value, dict):
        return all(map(_is_zero, value.values()))
    return value in (None, 0)


class Order(Struct, frozen=True):
    """By which column, or element of an array, entries are sorted, and how many of them are wanted."""

    column: str
    top: int | None = None

    def sort(self, batches: Batches) -> list[Entry]:
        """Numbers from the largest to the smallest, all else in the order of the alphabet."""
        kept: list[Entry] = []
        for entries in batches:
            kept += entries
            if self.top is not None:
                kept = nsmallest(self.top, kept, self._place)
        return sorted(kept, key=self._place)

    def _place(self, entry: Entry) -> tuple[int, Any]:
        return _rank(value_at(row(entry), self.column))


def _rank(value: Value) -> tuple[int, Any]:
    if isinstance(value, int | float):
        return 0, -value
    if isinstance(value, str):
        return 1, [_part(digits, text) for digits, text in re.findall(r"(\d+)|(\D+)", value)]
    return 2, 0
