"""What is chosen of entries: those that match, an order, totals, those that aren't zero."""

import re
from collections.abc import Callable, Iterator, Sequence
from heapq import nsmallest
from typing import Any

from msgspec import Struct

from xdpctl.core.machine.model import Map
from xdpctl.core.maps.decode import Entry, Layout
from xdpctl.core.query.paths import value_at
from xdpctl.core.query.rows import Batches, columns, row, shape
from xdpctl.core.values.value import Row, Value

_BYTES = (
    r"(?:(0x[0-9a-f]+|(?:[0-9a-f]{2}:){5}[0-9a-f]{2})|([\d.]+\.\d+)|([0-9a-f:]*:[0-9a-f:.]*))(?:/(\d{1,3}))?"
)
FEW = 16
"""An array of more elements is shown without those that are zero."""


def hides_zeros(map_: Map) -> bool:
    """Whether elements of an array in which nothing was counted would hide the others."""
    return not map_.elements_come_singly and map_.max_entries > FEW


def matching(where: str, layout: Layout) -> Callable[[Row], bool]:
    """Which rows of a map are meant."""
    from xdpctl.core.query.where import parse

    numbers = [name for name, is_number in columns(layout).items() if is_number]
    return parse(where, shape(layout), numbers)


class Selection:
    """Chooses of the entries that come by; what it counts holds once all of them have."""

    def __init__(
        self,
        matches: Callable[[Row], bool] | None = None,
        totals: Sequence[str] | None = None,
        hides_zeros: bool = False,
        padding: str = "",
    ) -> None:
        """`padding` is how that of keys is called, if they have some."""
        self._matches = matches
        self._hides_zeros = hides_zeros
        self._padding = padding
        self.read = self.matched = self.hidden = 0
        """Of those that match, the ones that are zero are hidden."""
        self.padded = 0
        """Those whose keys have padding that isn't zero, whether they match or not."""
        self.totals = None if totals is None else dict.fromkeys(totals, 0)
        """Sums over all that match, by columns."""

    def among(self, batches: Batches) -> Iterator[list[Entry]]:
        for entries in batches:
            found = [e for e in entries if self._matches(row(e))] if self._matches else entries
            shown = [e for e in found if not _is_zero(e.value)] if self._hides_zeros else found
            self.read += len(entries)
            if self._padding:
                self.padded += sum(self._padding in e.key for e in entries if isinstance(e.key, dict))
            self.matched += len(found)
            self.hidden += len(found) - len(shown)
            if self.totals:
                _add(found, self.totals)
            yield shown


def _add(entries: list[Entry], totals: dict[str, int]) -> None:
    for cells in map(row, entries):
        for name in totals:
            number = cells.get(name)
            totals[name] += number if isinstance(number, int) else 0


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
        if packed := _packed(value):
            return 1, packed
        return 2, [_part(digits, text) for digits, text in re.findall(r"(\d+)|(\D+)", value)]
    return 3, 0


def _packed(text: str) -> tuple[int, bytes, int] | None:
    """Addresses, prefixes and bytes, the shorter ones first."""
    import socket

    found = re.fullmatch(_BYTES, text)
    if found is None:
        return None
    digits, ipv4, ipv6, bits = found.groups()
    try:
        if digits:
            digits = digits.removeprefix("0x").replace(":", "")
            data = bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2))
        else:
            data = socket.inet_pton(socket.AF_INET if ipv4 else socket.AF_INET6, ipv4 or ipv6)
    except OSError:
        return None
    return len(data), data, int(bits or 0)


def _part(digits: str, text: str) -> tuple[bool, int, str]:
    """Numbers of any length by their value: the one with more digits is larger."""
    number = digits.lstrip("0")
    return not digits, len(number), number or text
