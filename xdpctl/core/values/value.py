"""Decoded values, and how they become rows and cells."""

from typing import Any

Value = int | float | str | bool | None | dict[str, Any] | list[Any]


Row = dict[str, Value]


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
