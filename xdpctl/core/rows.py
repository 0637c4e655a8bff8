"""Entries as rows of columns: structs side by side, and what is chosen from them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nsmallest
from typing import Any

from msgspec import Struct

from xdpctl.core.columns import Column, Leaf, one
from xdpctl.core.decode import Entry, Layout
from xdpctl.core.meanings import Value, total
from xdpctl.core.suggest import did_you_mean
from xdpctl.errors import BadRequest

Row = dict[str, Value]
Batches = Iterable[list[Entry]]


def row(entry: Entry) -> Row:
    return joined(flat("key", entry.key), flat("value", entry.value))


def of_each_cpu(entry: Entry) -> Iterator[Row]:
    for part in entry.per_cpu:
        yield joined({**flat("key", entry.key), "cpu": part.cpu}, flat("value", part.value))


def joined(key: Row, value: Row) -> Row:
    """Members of the value that are called like one of the key are told apart."""
    return {**key, **{f"value.{name}" if name in key else name: part for name, part in value.items()}}


def flat(name: str, value: Value) -> Row:
    """A struct by its members' names, with those around it where it is nested: `in.a`."""
    if not isinstance(value, dict):
        return {name: value}
    outer = "" if name in ("key", "value") else f"{name}."
    found: Row = {}
    for member, inner in value.items():
        found.update(flat(f"{outer}{member}", inner))
    return found


def columns(layout: Layout) -> dict[str, bool]:
    """All columns, known before there is an entry, and whether each holds nothing but numbers."""
    found = joined(_names("key", layout.key), _names("value", layout.value))
    return {name: bool(holds_numbers) for name, holds_numbers in found.items()}


def _names(name: str, column: Column) -> Row:
    """By what zeros would be shown as; a map can be without keys."""
    shown = one(column, bytes(column.size)) if column.size else None
    numbers = {number for number, _ in _numbers(column, name)}
    return {found: found in numbers for found in flat(name, shown)}


def sums(column: Column, name: str = "value") -> tuple[str, ...]:
    """What can be added up over entries, by the names that `flat` gives."""
    return tuple(number for number, leaf in _numbers(column, name) if leaf.merge is total)


def _numbers(column: Column, name: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(column, Leaf):
        if column.code:
            yield name, column
        return
    outer = "" if name in ("key", "value") else f"{name}."
    for member, _, inner in column.members:
        yield from _numbers(inner, f"{outer}{member}")


class Totals:
    """Sums over all entries that come by."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.sums: dict[str, int] = {}
        """By the names of columns."""

    def watch(self, batches: Batches) -> Iterator[list[Entry]]:
        names: dict[str, str] = {}
        for entries in batches:
            if entries and not names:
                of_key = flat("key", entries[0].key)
                names = {name: f"value.{name}" if name in of_key else name for name in self._names}
                self.sums = dict.fromkeys(names.values(), 0)
            for value in (flat("value", entry.value) for entry in entries):
                for name, column in names.items():
                    number = value.get(name)
                    self.sums[column] += number if isinstance(number, int) else 0
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
    """How entries are sorted, and how many of them are wanted."""

    by: str = ""
    """A column; empty for the first one of the values."""
    top: int | None = None

    def sort(self, batches: Batches) -> list[Entry]:
        """Numbers from the largest to the smallest, all else in the order of the alphabet."""
        place: Callable[[Entry], Any] | None = None
        kept: list[Entry] = []
        for entries in batches:
            if place is None and entries:
                place = self._place(entries[0])
            kept += entries
            if self.top is not None and place:
                kept = nsmallest(self.top, kept, place)
        return sorted(kept, key=place) if place else kept

    def _place(self, example: Entry) -> Callable[[Entry], Any]:
        columns = row(example)
        name = self.by or next(name for name in flat("value", example.value))
        if name not in columns:
            raise BadRequest(f"there is no column {name!r}", *did_you_mean(name, columns))
        return lambda entry: _rank(row(entry)[name])


def _rank(value: Value) -> tuple[int, Any]:
    if isinstance(value, int):
        return 0, -value
    if isinstance(value, str):
        return 1, [(not digits, int(digits or 0), text) for digits, text in re.findall(r"(\d+)|(\D+)", value)]
    return 2, 0
