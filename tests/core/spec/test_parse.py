"""Whatever `parse` accepts compiles without a warning; whatever it refuses is a SpecError that helps."""

import re
import string
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from xdpctl.core.machine.identifiers import NAME_LENGTH
from xdpctl.core.machine.reserved import RESERVED
from xdpctl.core.program.render import renderer
from xdpctl.core.spec.check import SpecError
from xdpctl.core.spec.model import Spec
from xdpctl.core.spec.parse import parse
from xdpctl.core.spec.words import Field, Flag, MapType, Verdict
from xdpctl.core.values.keys import Key
from xdpctl.tools.files import assets

render = renderer(assets.TEXTS)

LETTERS = string.ascii_letters + string.digits + "_"
identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,14}", fullmatch=True)
names = st.one_of(
    identifiers,
    st.sampled_from(["ctx", "key", "first", "counts", "count", "length", "packets", "bytes", "LICENSE"]),
    st.sampled_from(sorted(name for name in RESERVED if len(name) <= NAME_LENGTH)),
    st.sampled_from(
        ["u32", "__u32", "bpf_printk", "XDP_PASS", "_Bool", "XdpPass", "size_t", "value", "pkt_cnt"]
    ),
    st.text(alphabet=LETTERS + " -.\n\0é\"'", max_size=20),
)
messages = st.one_of(
    st.text(alphabet="?=/()!<>-'\"\\%dsn{}; ", max_size=30),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=200),
    st.text(max_size=30),
)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.dates(),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


def words(kind: type[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([str(word) for word in kind])


good_counters = st.fixed_dictionaries(
    {},
    optional={
        "map": names,
        "type": words(MapType),
        "key": st.one_of(words(Key), st.lists(words(Key), max_size=4)),
        "fields": st.lists(words(Field), max_size=6),
        "max_entries": st.integers(min_value=-1, max_value=300),
        "flags": st.lists(words(Flag), max_size=2),
    },
)
addresses = st.one_of(st.ip_addresses(), st.sampled_from(["10.0.0.0/8", "2001:db8::/33", "none", "::/0"]))
numbers = st.one_of(
    st.integers(min_value=-1, max_value=70000),
    st.sampled_from(
        ["none", "0", "7-9", "9-7", "0-4294967295", "tcp", "0x88b5", "arp", "ef", "af11", "1-", ""]
    ),
)
macs = st.sampled_from(["02:00:00:00:00:01", "02:00:00:00:00:00/7", "02:00:00:00:00:00/17", "/4", "x"])
tcp_flags = st.sampled_from(["syn", "syn/syn|ack", "0", "0/rst", "none", "fin|cwr", "urg/ece", "ack,psh"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "src_ip": addresses.map(str),
    "dst_ip": addresses.map(str),
    "src_mac": macs,
    "dst_mac": macs,
    "tcp_flags": tcp_flags,
}
rules = st.fixed_dictionaries(
    {
        "match": st.dictionaries(words(Key), st.none(), min_size=1, max_size=4).flatmap(
            lambda keys: st.fixed_dictionaries(
                {
                    key: st.one_of(
                        VALUES.get(key, numbers),
                        st.lists(VALUES.get(key, numbers), min_size=1, max_size=3),
                    )
                    for key in keys
                }
            )
        ),
        "verdict": words(Verdict),
    }
)
policies = st.fixed_dictionaries(
    {}, optional={"map": names, "key": words(Key), "default": words(Verdict), "max_entries": st.just(16)}
)
redirects = st.fixed_dictionaries(
    {},
    optional={
        "map": names,
        "key": st.sampled_from(["total", "ifindex"]),
        "fallback": words(Verdict),
        "max_entries": st.integers(min_value=0, max_value=4),
    },
)
likely_specs = st.fixed_dictionaries(
    {"counter": st.lists(good_counters, min_size=1, max_size=3)},
    optional={
        "program": names,
        "verdict": words(Verdict),
        "undecided": words(Verdict),
        "printk": messages,
        "printk_per_second": st.integers(min_value=0, max_value=3),
        "frags": st.booleans(),
        "rule": st.lists(rules, max_size=3),
        "policy": policies,
        "redirect": redirects,
    },
)
"""Of words that are right by themselves: some of them make a spec that is right as a whole."""

entries = st.sampled_from(
    ["program", "verdict", "printk", "map", "type", "key", "fields", "flags", "max_entries", "match"]
)
tables = st.sampled_from(["counter", "rule", "policy", "redirect"])
wild_tables = st.dictionaries(st.one_of(entries, st.text(max_size=8)), anything, max_size=4)
wild_specs = st.one_of(
    st.dictionaries(st.one_of(entries, tables, st.text(max_size=8)), anything, max_size=4),
    st.dictionaries(
        tables, st.one_of(anything, wild_tables, st.lists(st.one_of(wild_tables, anything), max_size=2))
    ),
)


def outcome(raw: dict[str, Any]) -> tuple[Spec | None, SpecError | None]:
    try:
        return parse(raw), None
    except SpecError as error:
        return None, error


accepted = likely_specs.filter(lambda raw: outcome(raw)[0] is not None).map(parse)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(accepted, min_size=10, max_size=10))
def test_what_is_accepted_compiles_without_a_warning(
    compile_bpf: Callable[..., bytes], specs: list[Spec]
) -> None:
    compile_bpf(*map(render, specs))


@settings(max_examples=400, deadline=None)
@given(st.one_of(likely_specs, wild_specs))
@example({"counter": [{"max_entries": True}]})
@example({"counter": [{"max_entries": 10**30}]})
@example({"counter": [{"fields": [["packets"]]}]})
@example({"counter": [{"max_entries": 1.0}]})
@example({"counter": [{}], "undecided": "drop", "policy": {}})
def test_what_is_refused_is_a_spec_error_that_names_an_entry(raw: dict[str, Any]) -> None:
    spec, error = outcome(raw)
    if spec is not None:
        assert parse(as_raw(spec)) == msgspec.structs.replace(spec, verdict=spec.default)
        assert render(parse(raw)) == render(spec)
    if error is not None:
        here: Any = raw
        for step in error.path[:-1]:
            here = here[step]
        assert error.path, "an entry is named"
        assert error.message
        assert "\n" not in error.message


def as_raw(spec: Spec) -> dict[str, Any]:
    """The spec as TOML would say it, every entry written out."""
    raw: dict[str, Any] = {
        "program": spec.program,
        "verdict": str(spec.default),
        **({"undecided": str(spec.undecided)} if spec.undecided else {}),
        "printk": spec.printk,
        "printk_per_second": spec.printk_per_second,
        "frags": spec.frags,
        "counter": [
            {
                "map": counter.map,
                "type": str(counter.type),
                "key": [str(key) for key in counter.key],
                "fields": [str(field) for field in counter.fields],
                "max_entries": counter.max_entries,
                "flags": [str(flag) for flag in counter.flags],
            }
            for counter in spec.counters
        ],
        "rule": [
            {
                "match": {str(c.key): c.words.split(" or ") for c in rule.match},
                "verdict": str(rule.verdict),
            }
            for rule in spec.rules
        ],
    }
    for name, part in (("policy", spec.policy), ("redirect", spec.redirect)):
        if part:
            raw[name] = msgspec.to_builtins(part)
    return raw


@settings(deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_the_message_is_printed_as_it_was_written(message: str) -> None:
    quoted = re.search(r'bpf_printk\((?:"%s", )?"(.*)"\);', render(parse({"printk": message})))
    text = quoted[1] if quoted else ""
    assert not re.search(r'(?<!\\)(\\\\)*"|\?\?', text), "neither ends the string nor makes a trigraph"
    assert re.sub(r"\\(.)", r"\1", text) == message
    assert ('("%s", ' in render(parse({"printk": message}))) is ("%" in message), "no % is a format's"


def test_nothing_said_is_the_lessons_program() -> None:
    spec = parse({})
    assert (spec.program, spec.verdict, spec.printk) == ("xdp_allow", Verdict.PASS, "")
    counter = spec.counters[0]
    assert (counter.map, counter.type, counter.key) == ("pkt_cnt", MapType.HASH, (Key.TOTAL,))
    assert (counter.fields, counter.max_entries, counter.flags) == ((Field.PACKETS,), 1, ())
