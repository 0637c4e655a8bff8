"""Entries as rows of columns: structs side by side, and what is chosen from them."""

from collections.abc import Collection, Iterable, Iterator

from xdpctl.core.btf.columns import Column, Leaf, one
from xdpctl.core.btf.known_types import total
from xdpctl.core.maps.decode import Entry, Layout
from xdpctl.core.query.paths import NoPlace, Shape, element, spellings
from xdpctl.core.values.numerals import short
from xdpctl.core.values.value import Row, flat, joined
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import QueryInvalid

Batches = Iterable[list[Entry]]


def row(entry: Entry) -> Row:
    return joined(flat("key", entry.key), flat("value", entry.value))


def of_each_cpu(entry: Entry) -> Iterator[Row]:
    for part in entry.per_cpu:
        yield joined({**flat("key", entry.key), "cpu": part.cpu}, flat("value", part.value))


def columns(layout: Layout) -> dict[str, bool]:
    """All columns, known before there is an entry, and whether each holds nothing but numbers."""
    found = joined(_with_numbers("key", layout.key), _with_numbers("value", layout.value))
    return {name: bool(holds_numbers) for name, holds_numbers in found.items()}


def _with_numbers(name: str, column: Column) -> Row:
    numbers = {number for number, _ in _numbers(column, name)}
    return {found: found in numbers for found in _of_zeros(name, column)}


def shape(layout: Layout) -> Row:
    """What an element would be shown as of which all is zero, and the padding of keys that may be told."""
    padding = {layout.padding.name: None} if layout.padding else {}
    return joined({**_of_zeros("key", layout.key), **padding}, _of_zeros("value", layout.value))


def _of_zeros(name: str, column: Column) -> Row:
    """A map can be without keys."""
    return flat(name, one(column, bytes(column.size)) if column.size else None)


def sums(column: Column) -> tuple[str, ...]:
    """What of the values can be added up over entries, by the names that `flat` gives."""
    return tuple(number for number, leaf in _numbers(column, "value") if leaf.merge is total)


def summed(layout: Layout) -> tuple[str, ...]:
    """The columns that can be added up."""
    names, found = columns(layout), sums(layout.value) if layout.is_sum else ()
    return tuple(f"value.{name}" if f"value.{name}" in names else name for name in found)


def counters(column: Column) -> tuple[str, ...]:
    """Those of the sums that only grow: what can be below zero also falls."""
    leaves = dict(_numbers(column, "value"))
    return tuple(name for name in sums(column) if leaves[name].code.isupper() and not leaves[name].names)


def with_names(column: Column) -> tuple[str, ...]:
    """What of the values is a number or a name."""
    return tuple(name for name, leaf in _leaves(column, "value") if leaf.names and not leaf.code)


def known(column: str, columns: Collection[str]) -> str:
    """A column, if there is one of this name."""
    found = named(column, columns)
    if found is None:
        raise QueryInvalid(f"there is no column {short(column)}", *did_you_mean(column, columns))
    return found


def named(column: str, columns: Collection[str]) -> str | None:
    """A column by its name in any case; `key.` or `value.` may stand before it."""
    if column in columns:
        return column
    by_name = {name.lower(): name for name in columns}
    return next((by_name[name] for name in spellings(column) if name in by_name), None)


def place(asked: str, shape: Shape) -> str:
    """A column, or an element of an array that is one."""
    try:
        return element(asked, shape) or known(asked, shape)
    except NoPlace as wrong:
        raise QueryInvalid(wrong.message, *wrong.hints) from None


def _numbers(column: Column, name: str) -> Iterator[tuple[str, Leaf]]:
    return (found for found in _leaves(column, name) if found[1].code)


def _leaves(column: Column, name: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(column, Leaf):
        yield name, column
        return
    outer = "" if name in ("key", "value") else f"{name}."
    for member, _, inner in column.members:
        yield from _leaves(inner, f"{outer}{member}")
