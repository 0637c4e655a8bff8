"""Where in a row something stands: in a column, or in an array that is one, as C writes it: `in[1].b`."""

import re
from collections.abc import Mapping
from functools import lru_cache

from xdpctl.core.values.numerals import short
from xdpctl.core.values.value import Value
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import Explained, QueryInvalid

Shape = Mapping[str, Value]
"""A row, of which it matters only how long arrays are and what members are called."""

_STEP = r"\[(?P<index>[0-9]{1,9})\]|\.(?P<member>\w+)"


class NoPlace(Explained):
    """An element that isn't there: why, and what is."""

    code = QueryInvalid.code


def spellings(column: str) -> tuple[str, ...]:
    """How a column may be called, in small letters: `key.` or `value.` may stand before it."""
    asked = column.lower()
    return asked, asked.removeprefix("value."), asked.removeprefix("key.")


def element(asked: str, shape: Shape) -> str | None:
    """The name of an array's element, if one is asked for."""
    head, bracket, _ = asked.partition("[")
    arrays = {name.lower(): name for name, value in shape.items() if isinstance(value, list)}
    column = next((arrays[name] for name in spellings(head) if name in arrays), None)
    if not bracket or column is None:
        return None
    found, name = shape[column], column
    for step in _steps(asked[len(head) :], column):
        found, name = _into(found, step, name)
    return name


def _steps(text: str, array: str) -> tuple[int | str, ...]:
    found = [*re.finditer(_STEP, text)]
    if "".join(step[0] for step in found) != text:
        raise NoPlace(f"{short(array + text)} is no element of {array}", f"write it like {array}[0]")
    return tuple(int(step["index"]) if step["index"] else step["member"] for step in found)


def _into(value: Value, step: int | str, name: str) -> tuple[Value, str]:
    if isinstance(step, int):
        if not isinstance(value, list):
            raise NoPlace(f"{name} is no array")
        if step >= len(value):
            known = (f"known: {name}[0] to {name}[{len(value) - 1}]",) if value else ()
            raise NoPlace(f"there is no {name}[{step}]", *known)
        return value[step], f"{name}[{step}]"
    members = {member.lower(): member for member in value} if isinstance(value, dict) else {}
    member = members.get(step.lower())
    if not isinstance(value, dict) or member is None:
        raise NoPlace(f"{name} has no member {short(step)}", *did_you_mean(step, [*members.values()]))
    return value[member], f"{name}.{member}"


@lru_cache
def _split(name: str) -> tuple[str, tuple[int | str, ...]]:
    column, bracket, rest = name.partition("[")
    return column, _steps(bracket + rest, column)


def value_at(row: Shape, name: str) -> Value:
    """What stands in a column or in an element; nothing where CPUs don't agree on it."""
    if name in row or "[" not in name:
        return row.get(name)
    column, steps = _split(name)
    found = row.get(column)
    for step in steps:
        found = found[step] if isinstance(found, list | dict) else None  # type: ignore[index]
    return found
