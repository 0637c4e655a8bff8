"""The content of a map as a table, JSON or CSV."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from xdpctl.core.beside import NOTHING_BESIDE, Accounts, Counts
from xdpctl.core.decode import Entry
from xdpctl.core.meanings import Value
from xdpctl.core.model import Map
from xdpctl.views.table import table

SCHEMA = 1
FEW = 16
"""An array of more elements is shown without those that are zero."""


def worth_showing(map_: Map, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The elements of a large array in which something was counted; all of any other map."""
    if map_.elements_come_singly or len(entries) <= FEW:
        return tuple(entries)
    return tuple(entry for entry in entries if not _is_zero(entry.value))


def _is_zero(value: Value) -> bool:
    if isinstance(value, dict):
        return all(map(_is_zero, value.values()))
    return value in (None, 0)


def as_json(
    map_: Map,
    pin: str | None,
    entries: Sequence[Entry],
    per_cpu: bool,
    accounts: Accounts = NOTHING_BESIDE,
) -> str:
    about = {
        "id": map_.id,
        "name": map_.name,
        "type": map_.type,
        "key_size": map_.bytes_key,
        "value_size": map_.bytes_value,
        "max_entries": map_.max_entries,
        "pin": pin,
    }
    listed = [_entry(entry, per_cpu) for entry in entries]
    return msgspec.json.encode({"schema": SCHEMA, "map": about, "entries": listed, **accounts}).decode()


def as_lines(accounts: Accounts) -> str:
    """What is counted beside the entries, in words."""
    return "\n".join(f"{what}: {_amount(counts)}" for what, counts in accounts.items())


def _amount(counts: Counts | None) -> str:
    if counts is None:
        return "unknown, since the program has gone"
    return ", ".join(f"{number} {what}" for what, number in counts.items())


def as_csv(entries: Sequence[Entry], per_cpu: bool) -> str:
    import csv
    import io

    header, rows = _rows(entries, per_cpu)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().rstrip("\n")


def as_table(entries: Sequence[Entry], per_cpu: bool) -> str:
    return table(*_rows(entries, per_cpu))


def _entry(entry: Entry, per_cpu: bool) -> dict[str, Any]:
    plain = {"key": entry.key, "value": entry.value}
    return {**plain, "per_cpu": entry.per_cpu} if per_cpu else plain


def _rows(entries: Sequence[Entry], per_cpu: bool) -> tuple[list[str], list[list[Value]]]:
    """One row for each entry, or for each entry and CPU; members of structs become columns."""
    if not entries:
        return ["key", "value"], []
    flat = [
        _joined({**_flat("key", entry.key), **({"cpu": cpu} if per_cpu else {})}, _flat("value", value))
        for entry in entries
        for cpu, value in _values(entry, per_cpu)
    ]
    header = list(flat[0])
    return header, [[row.get(name) for name in header] for row in flat]


def _joined(key: dict[str, Value], value: dict[str, Value]) -> dict[str, Value]:
    """Members of the value that are called like one of the key are told apart."""
    return {**key, **{f"value.{name}" if name in key else name: part for name, part in value.items()}}


def _values(entry: Entry, per_cpu: bool) -> Iterator[tuple[int, Value]]:
    if not per_cpu:
        yield 0, entry.value
    else:
        yield from ((part.cpu, part.value) for part in entry.per_cpu)


def _flat(name: str, value: Value) -> dict[str, Value]:
    """A struct by its members' names, with those around it where it is nested: `in.a`."""
    if not isinstance(value, dict):
        return {name: value}
    outer = "" if name in ("key", "value") else f"{name}."
    flat: dict[str, Value] = {}
    for member, inner in value.items():
        flat.update(_flat(f"{outer}{member}", inner))
    return flat
