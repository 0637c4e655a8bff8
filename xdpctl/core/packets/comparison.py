"""Where two programs differ: in verdicts, in what they make of packets, in what they count."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from xdpctl.core.machine.model import Map
from xdpctl.core.packets.map_changes import ElementChange
from xdpctl.core.packets.run_counts import Run, no_action
from xdpctl.core.values.json_text import to_json
from xdpctl.core.values.value import Value

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
"""Two programs never run at the same."""


class CountDifference(Struct, frozen=True):
    """By how much an element or a variable has grown in each; None where it hasn't changed."""

    key: Value
    growth: Value
    against: Value


class MapDifference(Struct, frozen=True):
    name: str
    changes: list[CountDifference]


class Difference(Struct, frozen=True):
    """What two programs made of a packet, where that isn't the same."""

    run: Run
    against: Run
    maps: tuple[MapDifference, ...] = ()

    @property
    def in_verdict(self) -> bool:
        return self.run.returned != self.against.returned

    @property
    def in_packet(self) -> bool:
        return self.run.out != self.against.out


class Totals(Struct):
    """How many packets there were, and how many differ in what."""

    packets: int = 0
    differ: int = 0
    in_verdict: int = 0
    in_packet: int = 0
    in_counts: int = 0
    no_actions: dict[str, None] = {}
    """What becomes of packets with a verdict that is no XDP action."""

    def add(self, found: Difference | None) -> None:
        self.packets += 1
        if found is not None:
            self.differ += 1
            self.in_verdict += found.in_verdict
            self.in_packet += found.in_packet
            self.in_counts += bool(found.maps)
            told = filter(None, (no_action(run.returned) for run in (found.run, found.against)))
            self.no_actions.update(dict.fromkeys(told))


def difference(run: Run, against: Run) -> Difference | None:
    maps = map_differences(run.effects, against.effects) if run.effects or against.effects else ()
    if maps or run.returned != against.returned or run.out != against.out:
        return Difference(run, against, maps)
    return None


Changes = Iterable[tuple[Map, Iterable[ElementChange]]]


def map_differences(ones: Changes, others: Changes) -> tuple[MapDifference, ...]:
    """Of maps of the same name, and of those that only the other program has."""
    one, other = _by_name(ones), _by_name(others)
    found = (MapDifference(name, _counts(one.get(name, {}), other.get(name, {}))) for name in one | other)
    return tuple(each for each in found if each.changes)


class _Growth(NamedTuple):
    key: Value
    growth: Value


def _by_name(changes: Changes) -> dict[str, dict[str, _Growth]]:
    return {map_.own_name: {to_json(c.key): _growth_of(c) for c in found} for map_, found in changes}


def _growth_of(change: ElementChange) -> _Growth:
    return _Growth(change.key, growth(change.before, change.after))


def _counts(one: Mapping[str, _Growth], other: Mapping[str, _Growth]) -> list[CountDifference]:
    none = _Growth(None, None)
    pairs = ((one.get(key, none), other.get(key, none)) for key in dict.fromkeys(chain(one, other)))
    return [
        CountDifference(a.key if a is not none else b.key, a.growth, b.growth) for a, b in pairs if a != b
    ]


def growth(before: Value, after: Value) -> Value:
    """By how much a number has grown, or those of a struct; what is no number, as it is now."""
    if isinstance(after, dict):
        old = before if isinstance(before, dict) else {}
        return {name: growth(old.get(name), part) for name, part in after.items()}
    if isinstance(after, int) and not isinstance(after, bool) and isinstance(before, int | None):
        return after - (before or 0)
    if isinstance(after, str) and _TIME.fullmatch(after):
        return "another time"
    return "gone" if after is None else after
