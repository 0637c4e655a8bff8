"""What a counter program should do, checked: a `Spec` that exists can be built."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from xdpctl.core.reserved import RESERVED
from xdpctl.core.suggest import did_you_mean

NAME_LENGTH = 15
"""The kernel keeps 15 characters of the name of a program or map."""

Path = tuple[str | int, ...]
"""Where an entry stands in a spec: ("counter", 0, "type")."""


class SpecError(Exception):
    """One entry of a spec is wrong: which, why, and what would be right."""

    def __init__(self, path: Path, message: str, *hints: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.hints = hints


class MapType(StrEnum):
    HASH = "hash"
    ARRAY = "array"
    PERCPU_HASH = "percpu_hash"
    PERCPU_ARRAY = "percpu_array"

    @property
    def per_cpu(self) -> bool:
        return self in (MapType.PERCPU_HASH, MapType.PERCPU_ARRAY)

    @property
    def hashed(self) -> bool:
        """Its elements come into being one by one; an array has them all from the start."""
        return self in (MapType.HASH, MapType.PERCPU_HASH)


class Key(StrEnum):
    TOTAL = "total"
    VERDICT = "verdict"

    @property
    def entries(self) -> int:
        """How many different keys a program can meet."""
        return {Key.TOTAL: 1, Key.VERDICT: 5}[self]


class Field(StrEnum):
    PACKETS = "packets"
    BYTES = "bytes"


class Verdict(StrEnum):
    PASS = "pass"
    DROP = "drop"


class Flag(StrEnum):
    NO_PREALLOC = "no_prealloc"
    ZERO_SEED = "zero_seed"
    MMAPABLE = "mmapable"

    @property
    def suits(self) -> tuple[MapType, ...]:
        """The map types for which the kernel takes this flag."""
        hashes = (MapType.HASH, MapType.PERCPU_HASH)
        return {
            Flag.NO_PREALLOC: hashes,
            Flag.ZERO_SEED: hashes,
            Flag.MMAPABLE: (MapType.ARRAY,),
        }[self]


class Counter(Struct, frozen=True, forbid_unknown_fields=True):
    map: str = "pkt_cnt"
    type: MapType = MapType.HASH
    key: Key = Key.TOTAL
    fields: tuple[Field, ...] = (Field.PACKETS,)
    max_entries: int = 0
    """Zero means: as many as the key has values. A checked spec has the number."""
    flags: tuple[Flag, ...] = ()


class Spec(Struct, frozen=True, forbid_unknown_fields=True):
    program: str = "xdp_allow"
    verdict: Verdict = Verdict.PASS
    printk: str = ""
    counters: tuple[Counter, ...] = msgspec.field(default=(Counter(),), name="counter")

    @property
    def counter(self) -> Counter:
        """The one counter that a program has."""
        return self.counters[0]


CHOICES: dict[str, type[StrEnum]] = {
    "type": MapType,
    "key": Key,
    "fields": Field,
    "flags": Flag,
    "verdict": Verdict,
}
"""The entries that take one of a few words."""


def parse(raw: Mapping[str, Any]) -> Spec:
    """A checked spec from decoded TOML; what is missing is as in the first lesson."""
    _known_entries((), raw, Spec)
    counters = raw.get("counter", [{}])
    if not isinstance(counters, list) or not all(isinstance(c, dict) for c in counters):
        raise SpecError(("counter",), "counter is a table of its own", "write it as [[counter]]")
    if len(counters) != 1:
        second: Path = ("counter", 1) if len(counters) > 1 else ("counter",)
        raise SpecError(second, f"a program has one [[counter]], this spec has {len(counters)}")
    _known_entries(("counter", 0), counters[0], Counter)
    _words(raw, counters[0])
    spec = _converted({**raw, "counter": counters})
    _check_names(spec)
    _check_printk(spec.printk)
    return msgspec.structs.replace(spec, counters=(_checked(spec.counter, counters[0]),))


def _known_entries(path: Path, table: Mapping[str, Any], struct: type[Struct]) -> None:
    known = [field.encode_name for field in msgspec.structs.fields(struct)]
    for name in table:
        if name not in known:
            raise SpecError((*path, name), f"unknown entry {name!r}", *did_you_mean(name, known))


def _words(raw: Mapping[str, Any], counter: Mapping[str, Any]) -> None:
    """Every word is one of those that its entry takes."""
    entries = [((name,), raw[name]) for name in raw] + [(("counter", 0, n), counter[n]) for n in counter]
    for path, value in entries:
        choices = CHOICES.get(str(path[-1]))
        if choices is None:
            continue
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and word not in tuple(choices):
                hints = did_you_mean(word, choices)
                if "," in word:
                    hints = ("give several words as a list, on the command line by repeating the option",)
                raise SpecError(path, f"{path[-1]} can't be {word!r}", *hints)


def _converted(raw: Mapping[str, Any]) -> Spec:
    try:
        return msgspec.convert(raw, Spec)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        path = tuple(int(i) if i else name for name, i in re.findall(r"\.?(\w+)|\[(\d+)\]", where))
        entry = [step for step in path if isinstance(step, str)][-1]
        for kind, in_words in _KINDS.items():
            message = message.replace(f"`{kind}`", in_words)
        raise SpecError(path, f"{entry}: {message[:1].lower()}{message[1:]}") from None


_KINDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a fraction",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
"""What msgspec calls by the names of Python or JSON."""


def _check_names(spec: Spec) -> None:
    map_path: Path = ("counter", 0, "map")
    for path, name in ((("program",), spec.program), (map_path, spec.counter.map)):
        _check_name(path, name)
    if spec.program == spec.counter.map:
        raise SpecError(map_path, f"program and map are both called {spec.program!r}", "rename one of them")


def _check_name(path: Path, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise SpecError(
            path, f"{name!r} is no C identifier", "use letters, digits and _, and don't begin with a digit"
        )
    if len(name) > NAME_LENGTH:
        raise SpecError(
            path,
            f"{name!r} has {len(name)} characters, the kernel keeps {NAME_LENGTH}",
            f"shorten it: {name[:NAME_LENGTH]!r} would be what tools show",
        )
    if name in RESERVED or re.match(r"_[_A-Z]|bpf_|BPF_|BTF_|XDP_|SK_|TRI_|LIBBPF_|MAX_BPF_|TCP_BPF_", name):
        raise SpecError(path, f"{name!r} already has a meaning in C or in the kernel's headers", "rename it")


def _check_printk(message: str) -> None:
    if not re.fullmatch(r"[ -~]{0,200}", message):
        raise SpecError(("printk",), "printk takes one line of printable ASCII, 200 characters at most")


def _checked(counter: Counter, given: Mapping[str, Any]) -> Counter:
    """The counter with its number of entries, if its parts suit each other."""
    at: Path = ("counter", 0)
    if not counter.fields:
        raise SpecError((*at, "fields"), "a counter has at least one field", f"known: {', '.join(Field)}")
    for entry, words in (("fields", counter.fields), ("flags", counter.flags)):
        for i, word in enumerate(words):
            if word in words[:i]:
                raise SpecError((*at, entry), f"{entry} names {str(word)!r} twice")
    for flag in counter.flags:
        if counter.type not in flag.suits:
            raise SpecError(
                (*at, "flags"),
                f"flag {str(flag)!r} doesn't suit a map of type {str(counter.type)!r}",
                f"it suits: {', '.join(flag.suits)}",
            )
    entries = counter.max_entries if "max_entries" in given else counter.key.entries
    if entries < counter.key.entries:
        raise SpecError(
            (*at, "max_entries"),
            f"max_entries {entries} is too small: key {str(counter.key)!r} has "
            f"{counter.key.entries} value{'s' * (counter.key.entries > 1)}",
            "leave it out to have as many as are needed",
        )
    if entries > MAX_ENTRIES:
        raise SpecError((*at, "max_entries"), f"max_entries {entries} is more than {MAX_ENTRIES}")
    return msgspec.structs.replace(counter, max_entries=entries)


MAX_ENTRIES = 1 << 20
"""A bound, so that no slip of the finger asks for all memory; a key has five values at most."""
