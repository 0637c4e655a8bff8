"""Whether the parts of a spec suit each other; each check tells which entry doesn't, and what would."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from xdpctl.core.machine import identifiers
from xdpctl.core.spec.model import Counter, Policy, Redirect, Slot, Spec
from xdpctl.core.spec.words import Field, MapType, Verdict
from xdpctl.core.values.keys import Key
from xdpctl.errors import Explained, SpecInvalid

Path = tuple[str | int, ...]
"""Where an entry stands in a spec: ("counter", 0, "type")."""
Table = Mapping[str, Any]


class SpecError(Explained):
    """One entry of a spec is wrong: which, why, and what would be right."""

    code = SpecInvalid.code

    def __init__(self, path: Path, message: str, *hints: str) -> None:
        super().__init__(message, *hints)
        self.path = path


MOST_ENTRIES = 1 << 20
"""A bound, so that no slip of the finger asks for all memory."""
USUAL_ENTRIES = 1024
"""Where nobody can say how many keys there will be."""
LARGEST_ARRAY = 1 << 17
MOST_MESSAGES = 1_000_000
PINNED_LENGTH = 8
"""How much of a program's name libbpf takes over into that of the maps of its global variables."""


def checked_counter(i: int, counter: Counter, given: Table) -> Counter:
    """The counter with its number of entries, if its parts suit each other."""
    at: Path = ("counter", i)
    for entry, words in (("fields", counter.fields), ("key", counter.key), ("flags", counter.flags)):
        if not words and entry != "flags":
            known = ", ".join(Field if entry == "fields" else Key)
            raise SpecError(
                (*at, entry), f"a counter has at least one {entry.removesuffix('s')}", f"known: {known}"
            )
        for n, word in enumerate(words):
            if word in words[:n]:
                raise SpecError((*at, entry), f"{entry} names {str(word)!r} twice")
    _check_key(at, counter)
    for flag in counter.flags:
        if counter.type not in flag.suits:
            raise SpecError(
                (*at, "flags"),
                f"flag {str(flag)!r} doesn't suit a map of type {str(counter.type)!r}",
                f"it suits: {', '.join(flag.suits)}",
            )
    for field in counter.fields:
        if not field.is_sum and not counter.type.per_cpu:
            raise SpecError(
                (*at, "fields"),
                f"field {str(field)!r} doesn't suit a map of type {str(counter.type)!r}, whose values "
                "all CPUs share: they would overwrite each other's",
                f"it suits: {', '.join(type_ for type_ in MapType if type_.per_cpu)}",
            )
    return msgspec.structs.replace(counter, max_entries=_entries(at, counter, given))


def _check_key(at: Path, counter: Counter) -> None:
    """Arrays are indexed by one number; parts of a key all tell something."""
    path = (*at, "key")
    if len(counter.key) > 1:
        for alone, why in (
            (Key.TOTAL, "all packets have the same"),
            (Key.FLOW, "it is made of parts itself"),
        ):
            if alone in counter.key:
                raise SpecError(path, f"key {str(alone)!r} can't be part of another key: {why}")
    number = len(counter.key) == 1 and counter.key[0].kind.is_number
    if not counter.type.hashed and not number:
        what = repr(str(counter.key[0])) if len(counter.key) == 1 else "of several parts"
        hash_type = "percpu_hash" if counter.type.per_cpu else "hash"
        raise SpecError(
            path,
            f"a map of type {str(counter.type)!r} can't have the key {what}: "
            "an array is indexed by one small number",
            f"use type = {hash_type!r}, or one of the keys "
            f"{', '.join(key for key in Key if key.kind.is_number)}",
        )


def _entries(at: Path, counter: Counter, given: Table) -> int:
    path = (*at, "max_entries")
    if "max_entries" not in given:
        return USUAL_ENTRIES if counter.keys is None or counter.type.lru else counter.keys
    entries = counter.max_entries
    of_program = counter.key[0] in (Key.TOTAL, Key.VERDICT)
    if of_program and counter.keys is not None and entries < counter.keys:
        raise SpecError(
            path,
            f"max_entries {entries} is too small: key {str(counter.key[0])!r} has "
            f"{counter.keys} value{'s' * (counter.keys > 1)}",
            "leave it out to have as many as are needed",
        )
    most = MOST_ENTRIES if counter.type.hashed else LARGEST_ARRAY
    if entries < 1:
        raise SpecError(
            path, f"max_entries {entries} is too small", "leave it out to have as many as are needed"
        )
    if entries > most:
        raise SpecError(path, f"max_entries {entries} is more than {most}")
    return entries


def checked_policy(spec: Spec, verdict_is_given: bool) -> Policy | None:
    policy = spec.policy
    if policy is None:
        return None
    if policy.default not in (None, spec.verdict) and verdict_is_given:
        raise SpecError(
            ("policy", "default"),
            f"verdict says {str(spec.verdict)!r} and the policy's default says {str(policy.default)!r} "
            "of the same packets",
            "give one of them",
        )
    _check_size("policy", policy.max_entries)
    return msgspec.structs.replace(policy, default=policy.default or spec.verdict)


def checked_redirect(redirect: Redirect | None) -> Redirect | None:
    if redirect is None:
        return None
    usual = 1 if redirect.key is Slot.TOTAL else USUAL_ENTRIES
    entries = redirect.max_entries if redirect.max_entries is not None else usual
    _check_size("redirect", entries)
    return msgspec.structs.replace(redirect, max_entries=entries)


def _check_size(table: str, entries: int) -> None:
    if not 1 <= entries <= MOST_ENTRIES:
        raise SpecError((table, "max_entries"), f"max_entries is a number from 1 to {MOST_ENTRIES}")


def check_undecided(spec: Spec) -> None:
    if spec.undecided and not (spec.rules or spec.policy):
        raise SpecError(("undecided",), "there is neither a rule nor a policy to be decided", "leave it out")


def check_redirects(spec: Spec) -> None:
    """Packets are redirected to devices, which stand in a map."""
    places: list[tuple[Path, Verdict]] = [
        *((("rule", i, "verdict"), rule.verdict) for i, rule in enumerate(spec.rules)),
        (("policy", "default") if spec.policy else ("verdict",), spec.default),
    ]
    for path, verdict in places:
        if verdict is Verdict.REDIRECT and not spec.redirect:
            raise SpecError(
                path,
                "redirect needs a map of devices",
                "give the spec a table [redirect], as in `xdpctl new --from redirect-pair`",
            )
    if spec.redirect and Verdict.REDIRECT not in spec.verdicts:
        raise SpecError(("redirect",), "no verdict is redirect, so nothing goes through this map")


def check_names(spec: Spec) -> None:
    """Names suit C and the kernel, and nothing is called like something else."""
    taken: dict[str, str] = {}
    for path, what, name in _names(spec):
        if name in taken:
            both = f"{taken[name]} and {what} are both" if taken[name] != what else f"two {what}s are"
            raise SpecError(path, f"{both} called {name!r}", "rename one of them")
        taken[name] = what


def _names(spec: Spec) -> Iterator[tuple[Path, str, str]]:
    """Everything in the program that has a name: where the user gave it, what it is, and the name."""
    yield from _checked_name(("program",), "program", spec.program)
    for section in ("rodata", "bss"):
        yield ("program",), "pin of global variables", f"{spec.program[:PINNED_LENGTH]}_{section}"
    several = len(spec.counters) > 1 or any(c.total_map or c.ipv6_map for c in spec.counters)
    for i, counter in enumerate(spec.counters):
        path: Path = ("counter", i, "map")
        yield from _checked_name(path, "map", counter.map)
        for beside in (counter.ipv6_map, counter.total_map):
            if beside:
                _check_room(path, counter, beside)
                yield path, "map", beside
                yield path, "function", f"count_{beside}"
        if several:
            yield path, "function", f"count_{counter.map}"
        for variable in counter.lost:
            yield path, "variable", variable
    for table, part in (("policy", spec.policy), ("redirect", spec.redirect)):
        if part:
            yield from _checked_name((table, "map"), "map", part.map)


def _checked_name(path: Path, what: str, name: str) -> Iterator[tuple[Path, str, str]]:
    complaint = identifiers.complaint(name)
    if complaint:
        raise SpecError(path, *complaint)
    yield path, what, name


def _check_room(path: Path, counter: Counter, beside: str) -> None:
    """Some maps have another one beside them, whose name is longer."""
    if len(beside) > identifiers.NAME_LENGTH:
        why = "flows over IPv6 are" if beside == counter.ipv6_map else "all packets are"
        room = identifiers.NAME_LENGTH - (len(beside) - len(counter.map))
        raise SpecError(
            path,
            f"{counter.map!r} is too long here: {why} counted in another map, {beside!r}, "
            f"and the kernel keeps {identifiers.NAME_LENGTH} characters",
            f"shorten it to {room}: {counter.map[:room]!r}",
        )


def check_printk(spec: Spec) -> None:
    if not re.fullmatch(r"[ -~]{0,200}", spec.printk):
        raise SpecError(("printk",), "printk takes one line of printable ASCII, 200 characters at most")
    if not 0 <= spec.printk_per_second <= MOST_MESSAGES:
        raise SpecError(
            ("printk_per_second",),
            f"printk_per_second is a number from 1 to {MOST_MESSAGES}, or 0 for a message with every packet",
        )
    if spec.printk_per_second and not spec.printk:
        raise SpecError(("printk_per_second",), "there is no message to print", "give one: printk = 'seen'")
