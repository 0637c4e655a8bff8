"""The content of maps in the text format of Prometheus: one family of samples for each field."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from xdpctl.core.maps.companions import Accounts
from xdpctl.core.maps.decode import Entry
from xdpctl.core.values.cells import cell, spelled
from xdpctl.core.values.value import Row, Value, flat

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_BESIDE = {
    "total": ("seen", "counter", "Counted in all, whether entries hold it or not"),
    "forgotten": ("forgotten", "gauge", "What no entry holds any more"),
    "lost": ("lost", "counter", "What found no place in the map"),
}


class Families:
    """Samples of one map by field, since those of one family have to stand together."""

    def __init__(self, map_name: str, counters: Iterable[str], named: Iterable[str] = ()) -> None:
        """Counters only grow; what is named is left out, also where it happens to be a number."""
        self._map, self._counters, self._named = map_name, frozenset(counters), frozenset(named)
        self._samples: dict[str, list[str]] = {}
        self._times: set[str] = set()
        self.no_numbers: dict[str, None] = {}
        """Fields that can't be told."""

    def add(self, batches: Iterable[list[Entry]], per_cpu: bool) -> None:
        for entries in batches:
            for entry in entries:
                key = flat("key", entry.key)
                if not per_cpu:
                    self._add(key, entry.value)
                for part in entry.per_cpu if per_cpu else ():
                    self._add({**key, "cpu": part.cpu}, part.value)

    def lines(self, accounts: Accounts) -> Iterator[str]:
        return exposition([(self, accounts)])

    def fields(self) -> Iterator[tuple[str, str, str, list[str]]]:
        """Those that can be told: each with the end of its name, its kind and its samples."""
        for field, samples in self._samples.items():
            if field in self.no_numbers:
                continue
            if field in self._counters:
                yield field, "_total", "counter", samples
            else:
                yield field, "_seconds" if field in self._times else "", "gauge", samples

    def label(self) -> str:
        return self._labels({})

    def _add(self, key: Row, value: Value) -> None:
        labels = self._labels(key)
        for field, part in flat("value", value).items():
            number = None if field in self._named else _number(part) or _seconds(part)
            if number is not None:
                if isinstance(part, str):
                    self._times.add(field)
                self._samples.setdefault(field, []).append(f"{labels} {number}")
            elif part is not None:
                self.no_numbers[field] = None

    def _labels(self, key: Mapping[str, Value]) -> str:
        labels = {"map": self._map}
        for column, value in key.items():
            name = _name(column)
            while name in labels:
                name += "_"
            labels[name] = "" if value is None else spelled(str(cell(value)), keep="\n")
        return "{" + ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels.items()) + "}"


def exposition(maps: Sequence[tuple[Families, Accounts]]) -> Iterator[str]:
    """Several maps may have families in common, each of which stands there once."""
    beside: dict[tuple[str, str, str], list[str]] = {}
    for families, accounts in maps:
        for name, kind, about, number in _beside(accounts):
            beside.setdefault((name, kind, about), []).append(f"{families.label()} {number}")
    taken = {name for name, *_ in beside}
    found: dict[tuple[str, str, str], list[str]] = {}
    for families, _ in maps:
        for field, end, kind, samples in families.fields():
            found.setdefault((field, end, kind), []).extend(samples)
    for (field, end, kind), samples in found.items():
        name = f"xdpctl_{_name(field)}"
        while name + end in taken:
            name += "_"
        taken.add(name + end)
        yield from _family(name + end, kind, f"The field {field} of the elements of BPF maps", samples)
    for (name, kind, about), samples in beside.items():
        yield from _family(name, kind, about, samples)


def _family(name: str, kind: str, about: str, samples: Iterable[str]) -> Iterator[str]:
    yield f"# HELP {name} {about}.\n# TYPE {name} {kind}\n"
    yield from (f"{name}{sample}\n" for sample in samples)


def _beside(accounts: Accounts) -> Iterator[tuple[str, str, str, int]]:
    """What is counted beside the entries: what it is called, its kind, words about it, and how much it is."""
    for what, counts in accounts.items():
        adjective, kind, about = _BESIDE[what]
        for field, number in (counts or {}).items():
            yield f"xdpctl_{adjective}_{field}" + "_total" * (kind == "counter"), kind, about, number


def _name(column: str) -> str:
    return re.sub(r"\W|^(?=\d)", "_", column, flags=re.ASCII)


def _number(value: Value) -> str | None:
    if isinstance(value, float):
        return str(value)
    return str(int(value)) if isinstance(value, int) else None


def _seconds(value: Value) -> str | None:
    """Times become seconds since 1970, which is how Prometheus counts."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
        return f"{datetime.fromisoformat(value).timestamp():.3f}"
    return None
