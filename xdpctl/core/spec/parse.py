"""Decoded TOML to a checked spec."""

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from xdpctl.core.spec.check import (
    Path,
    SpecError,
    Table,
    check_names,
    check_printk,
    check_redirects,
    check_undecided,
    checked_counter,
    checked_policy,
    checked_redirect,
)
from xdpctl.core.spec.condition import MATCHED, WrongValue, condition
from xdpctl.core.spec.model import BuildFlags, Counter, Policy, Redirect, Rule, Slot, Spec
from xdpctl.core.spec.words import Field, Flag, MapType, Verdict
from xdpctl.core.values.keys import Key
from xdpctl.core.values.numerals import short
from xdpctl.core.wording import did_you_mean

POLICY_KEYS = tuple(key for key in MATCHED if key not in (Key.CPU, Key.RX_QUEUE, Key.IFINDEX, Key.LENGTH))
UNDECIDED = (Verdict.PASS, Verdict.DROP)
FALLBACKS = (Verdict.PASS, Verdict.DROP, Verdict.ABORTED, Verdict.TX)
CHOICES: dict[type[Struct], dict[str, Iterable[str]]] = {
    Spec: {"verdict": Verdict, "undecided": UNDECIDED},
    Counter: {"type": MapType, "key": Key, "fields": Field, "flags": Flag},
    Rule: {"verdict": Verdict},
    Policy: {"key": POLICY_KEYS, "default": Verdict},
    Redirect: {"key": Slot, "fallback": FALLBACKS},
    BuildFlags: {},
}
"""The entries that take one of a few words."""
LISTS = ("key", "fields", "flags", "include", "define")
ELSEWHERE = {
    "lpm_trie": "a trie holds verdicts by prefix: [policy] with key = 'src_ip' or 'dst_ip' makes one",
    "devmap": "a devmap holds devices to send packets out of: [redirect] makes one",
}
"""Map types that no counter has."""
MOST_COUNTERS = 8
MOST_RULES = 64
MOST_COMPARISONS = 1024
"""Of all rules: the verifier looks at a million instructions at most, some of them several times."""


def parse(raw: Table) -> Spec:
    """A checked spec from decoded TOML; what is missing is as in the first lesson."""
    counters = _tables(raw, "counter", MOST_COUNTERS) if "counter" in raw else [{}]
    rules = _tables(raw, "rule", MOST_RULES)
    for path, table, struct in _parts(raw, counters, rules):
        _known_entries(path, table, struct)
        _words(path, table, struct)
    listed = {
        "counter": [_with_lists(counter) for counter in counters],
        "build": _with_lists(raw.get("build", {})),
    }
    spec = _converted({**raw, **listed, "rule": []})
    if not spec.counters:
        raise SpecError(("counter",), "a program has at least one [[counter]]")
    spec = msgspec.structs.replace(
        spec,
        counters=tuple(checked_counter(i, c, counters[i]) for i, c in enumerate(spec.counters)),
        rules=tuple(_rule(i, rule) for i, rule in enumerate(rules)),
        policy=checked_policy(spec, "verdict" in raw),
        redirect=checked_redirect(spec.redirect),
    )
    check_undecided(spec)
    check_names(spec)
    check_printk(spec)
    check_redirects(spec)
    _check_comparisons(spec)
    return spec


def _tables(raw: Table, name: str, most: int) -> list[Table]:
    tables = raw.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SpecError((name,), f"{name} is a table of its own", f"write it as [[{name}]]")
    if len(tables) > most:
        raise SpecError((name, most), f"a program has at most {most} [[{name}]], this spec has {len(tables)}")
    return tables


def _parts(
    raw: Table, counters: list[Table], rules: list[Table]
) -> Iterator[tuple[Path, Table, type[Struct]]]:
    """Every table of a spec: where it stands, and what it should be."""
    yield (), raw, Spec
    for struct, name in ((Policy, "policy"), (Redirect, "redirect"), (BuildFlags, "build")):
        if name in raw:
            if not isinstance(raw[name], dict):
                raise SpecError((name,), f"{name} is a table of its own", f"write it as [{name}]")
            yield (name,), raw[name], struct
    for i, counter in enumerate(counters):
        yield ("counter", i), counter, Counter
    for i, rule in enumerate(rules):
        yield ("rule", i), rule, Rule


def _known_entries(path: Path, table: Table, struct: type[Struct]) -> None:
    known = [field.encode_name for field in msgspec.structs.fields(struct)]
    for name in table:
        if name not in known:
            raise SpecError((*path, name), f"unknown entry {short(name)}", *did_you_mean(name, known))


def _words(path: Path, table: Table, struct: type[Struct]) -> None:
    """Every word is one of those that its entry takes."""
    for name, choices in CHOICES[struct].items():
        value = table.get(name)
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and word not in tuple(choices):
                hints = did_you_mean(word, choices)
                if word in ELSEWHERE:
                    hints = (ELSEWHERE[word],)
                if "," in word:
                    hints = ("give several words as a list, on the command line by repeating the option",)
                raise SpecError((*path, name), f"{name} can't be {short(word)}", *hints)


def _with_lists(table: Table) -> Table:
    """One word stands for a list of one."""
    words = {name: [table[name]] for name in LISTS if isinstance(table.get(name), str)}
    return {**table, **words}


def _converted(raw: Table) -> Spec:
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
    "str | null": "a string",
    "object | null": "a table",
    "int | null": "a whole number",
    "str": "a string",
    "int": "a whole number",
    "float": "a fraction",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "datetime": "a date",
    "time": "a time",
}
"""What msgspec calls by the names of Python or JSON."""


def _rule(i: int, raw: Table) -> Rule:
    at: Path = ("rule", i)
    match = raw.get("match")
    if not isinstance(match, dict) or not match:
        example = 'like match = { ip_proto = "icmp" }; what no rule speaks of gets the verdict at the top'
        raise SpecError((*at, "match") if "match" in raw else at, "a rule says what it matches", example)
    if not isinstance(raw.get("verdict"), str):
        raise SpecError(
            (*at, "verdict") if "verdict" in raw else at,
            "a rule has a verdict",
            f"one of: {', '.join(Verdict)}",
        )
    conditions = []
    for name, value in match.items():
        where = (*at, "match", name)
        if name not in MATCHED:
            hints = did_you_mean(name, MATCHED)
            if name == Key.FLOW:
                hints = ("match its parts: src_ip, dst_ip, ip_proto, src_port, dst_port",)
            raise SpecError(where, f"a rule can't match {short(name)}", *hints)
        try:
            conditions.append(condition(Key(name), value))
        except WrongValue as wrong:
            raise SpecError(where, wrong.message, *wrong.hints) from None
    return Rule(tuple(conditions), Verdict(raw["verdict"]))


def _check_comparisons(spec: Spec) -> None:
    comparisons = 0
    for i, rule in enumerate(spec.rules):
        comparisons += sum(len(condition.tests) for condition in rule.match)
        if comparisons > MOST_COMPARISONS:
            raise SpecError(
                ("rule", i, "match"),
                f"up to here rules have {comparisons} values to compare with, at most {MOST_COMPARISONS}",
                "a [policy] has room for many more, and user space can change them",
            )
