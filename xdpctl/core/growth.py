"""What two dumps of a map tell of the time between them, as far as `why` wants to know."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

ENOUGH = 16 << 20
"""Bytes of a dump, above which its packets aren't summed."""


class _Cpu(Struct, frozen=True):
    value: Any = None


class _Formatted(Struct, frozen=True):
    value: Any = None
    values: tuple[_Cpu, ...] = ()


class _Element(Struct, frozen=True):
    formatted: _Formatted = _Formatted()


def counted(before: bytes, now: bytes) -> int | None:
    """How many packets more a map holds; None where that can't be told."""
    first, second = _total(before), _total(now)
    return None if first is None or second is None or second < first else second - first


def lost(name: str, before: bytes, now: bytes) -> int:
    """How many packets of a map were lost, by the dumps of its program's global variables."""
    return _variable(now, f"{name}_lost") - _variable(before, f"{name}_lost")


def elements(dump: bytes) -> int:
    return dump.count(b'"key":["')


def _total(dump: bytes) -> int | None:
    found = _elements(dump)
    if found is None:
        return None
    counts = [_count(value) for element in found for value in _values(element)]
    return None if None in counts else sum(filter(None, counts))


def _values(element: _Element) -> list[Any]:
    return [cpu.value for cpu in element.formatted.values] or [element.formatted.value]


def _count(value: object) -> int | None:
    """A value that is a number, or a struct with a count of packets."""
    count = value.get("packets") if isinstance(value, Mapping) else value
    return count if isinstance(count, int) else None


def _variable(dump: bytes, name: str) -> int:
    for element in _elements(dump) or ():
        sections = element.formatted.value
        for section in sections.values() if isinstance(sections, Mapping) else ():
            for variables in section if isinstance(section, list) else ():
                if isinstance(variables, Mapping) and isinstance(variables.get(name), int):
                    return int(variables[name])
    return 0


def _elements(dump: bytes) -> tuple[_Element, ...] | None:
    try:
        return msgspec.json.decode(dump, type=tuple[_Element, ...]) if len(dump) < ENOUGH else None
    except msgspec.DecodeError:
        return None
