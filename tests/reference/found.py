"""What is in a map, held against the reference."""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from . import keys
from .model import Count, Counter

Counts = dict[str, int]
"""By field."""
TIMES = ("first_seen", "last_seen")


def same(what: str, found: Any, expected: Any) -> None:
    """Of dicts, only the entries that differ are told."""
    if found == expected:
        return
    if isinstance(found, dict) and isinstance(expected, dict):
        both = [key for key in found if key in expected and found[key] == expected[key]]
        found, expected = ({k: v for k, v in side.items() if k not in both} for side in (found, expected))
    raise AssertionError(f"{what}:\n   found {found}\nexpected {expected}")


@dataclass
class Found:
    """What is in the map of a counter, as its memory and two dumps by xdpctl say."""

    fields: tuple[str, ...]
    shown: dict[str, Any]
    memory: list[dict[str, Any]]
    raw: dict[str, Any] | None = None

    def check(self, counter: Counter, began: int, ended: int) -> None:
        counted = {"".join(e["key"]).replace("0x", ""): self.merged(e) for e in self.memory}
        if "array" in counter.type:
            counted = {key: counts for key, counts in counted.items() if any(counts.values())}
        for counts in counted.values():
            times = [began, *(counts[name] for name in TIMES if name in counts), ended]
            same("times", times, sorted(times))
        values = {keys.memory(counter.key, value).hex(): value for value in counter.entries}
        expected = {key: asdict(counter.entries[value]) for key, value in values.items()}
        if "lru" in counter.type:
            same("keys that no packet has", counted.keys() - expected.keys(), set())
            self.check_some(counted, expected)
        else:
            exact = {key: self.plain(counts) for key, counts in expected.items()}
            same("counts in memory", {key: self.plain(counts) for key, counts in counted.items()}, exact)
        self.check_dump({json.dumps(keys.shown(counter.key, values[k])): c for k, c in counted.items()})
        self.check_rest(counter, list(counted.values()))

    def merged(self, entry: Mapping[str, Any]) -> Counts:
        """The fields of an element; those of several CPUs become one."""
        copies = [one["value"] for one in entry.get("values", [entry])]
        numbers = [struct.unpack(f"{len(self.fields)}Q", bytes(int(b, 16) for b in copy)) for copy in copies]
        return {
            name: MERGE.get(name, sum)(column) for name, *column in zip(self.fields, *numbers, strict=True)
        }

    def plain(self, counts: Mapping[str, int]) -> Counts:
        return {name: counts[name] for name in self.fields if name not in TIMES}

    def check_some(self, counted: Mapping[str, Counts], expected: Mapping[str, Counts]) -> None:
        """An LRU map holds no more than was counted under its keys, but may have forgotten."""
        for key, counts in counted.items():
            most = expected[key]
            less = {name: min(number, most[name]) for name, number in self.plain(counts).items()}
            if "min_length" in less:
                less["min_length"] = max(counts["min_length"], most["min_length"])
            same(f"more than was counted of {key}", self.plain(counts), less)

    def check_dump(self, counted: Mapping[str, Counts]) -> None:
        """Keys by meaning; times as `--raw` has them, and no others."""
        shown = {json.dumps(entry["key"]): self.values(entry) for entry in self.shown["entries"]}
        same(
            "counts by dump",
            {key: self.plain(value) for key, value in shown.items() if any(value.values())},
            {key: self.plain(counts) for key, counts in counted.items()},
        )
        if self.raw:
            raw = [self.values(entry) for entry in self.raw["entries"]]
            same("raw counts", [counts for counts in raw if any(counts.values())], list(counted.values()))

    def values(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        value: dict[str, Any] = entry["value"] if len(self.fields) > 1 else {self.fields[0]: entry["value"]}
        same("fields", tuple(value), self.fields)
        return value

    def check_rest(self, counter: Counter, counted: list[Counts]) -> None:
        """What found no place, or was forgotten."""
        total = self.sums(counter.total)
        if "lru" not in counter.type:
            same("lost", self.shown.get("lost", self.sums(Count())), self.sums(counter.lost))
            return
        same("total", self.shown["total"], total)
        kept = {name: sum(counts.get(name, 0) for counts in counted) for name in total}
        if "packets" in self.fields:
            same("forgotten", self.shown["forgotten"], {name: total[name] - kept[name] for name in total})

    def sums(self, count: Count) -> Counts:
        return {"packets": count.packets, **({"bytes": count.bytes} if "bytes" in self.fields else {})}


def _least(numbers: list[int]) -> int:
    return min((number for number in numbers if number), default=0)


MERGE: dict[str, Callable[[list[int]], int]] = {
    "first_seen": _least,
    "last_seen": max,
    "min_length": _least,
    "max_length": max,
}
"""What makes one number of those of several CPUs; others are summed."""
