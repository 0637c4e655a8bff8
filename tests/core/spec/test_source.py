"""Specs as users write them: TOML and the options of `build` say the same, errors name line or option."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xdpctl.core.spec.parse import parse
from xdpctl.core.spec.source import OPTIONS, read_spec
from xdpctl.core.spec.words import Field, Flag, MapType, Verdict
from xdpctl.core.values.keys import Key
from xdpctl.errors import BadRequest
from xdpctl.tools.files import assets

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "--program": st.sampled_from(["xdp_allow", "counter", "p"]),
    "--verdict": st.sampled_from([str(word) for word in Verdict]),
    "--printk": st.sampled_from(["", "seen", 'a "quoted" 100 %']),
    "--map": st.sampled_from(["pkt_cnt", "numbers", "m"]),
    "--type": st.sampled_from([str(word) for word in MapType]),
    "--key": st.sampled_from([str(word) for word in Key]),
    "--field": st.permutations([str(word) for word in Field]),
    "--max-entries": st.integers(min_value=0, max_value=20),
    "--flag": st.lists(st.sampled_from([str(word) for word in Flag]), max_size=2),
}
given_options = st.fixed_dictionaries({}, optional=VALUES)


def toml(options: dict[str, Any]) -> str:
    """A spec that says what these options say."""
    top = [f"{OPTIONS[o][0]} = {json.dumps(v)}" for o, v in options.items() if len(OPTIONS[o]) == 1]
    inner = [f"{OPTIONS[o][-1]} = {json.dumps(v)}" for o, v in options.items() if len(OPTIONS[o]) > 1]
    return "\n".join([*top, "[[counter]]", *inner])


def outcome(text: str, options: dict[str, Any]) -> object:
    """The spec, or what is wrong with it, without where."""
    try:
        return read_spec(text, "counter.toml", options)
    except BadRequest as error:
        return error.message.partition(": ")[2], error.hints


@settings(deadline=None)
@given(given_options, given_options)
def test_options_say_the_same_as_the_spec_and_take_the_place_of_its_entries(
    written: dict[str, Any], options: dict[str, Any]
) -> None:
    assert outcome(toml(written), options) == outcome(toml({**written, **options}), {})
    assert outcome("", options) == outcome(toml(options), {})


SPEC = """\
# my counter
program = "mine"

[[counter]]
type = "array"
fields = [
  "packets",
  "bites",
]
"""


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (SPEC, {}, "counter.toml:6: fields can't be 'bites'\ndid you mean 'bytes'?"),
        (SPEC, {"--field": ["bites"]}, "--field: fields can't be 'bites'\ndid you mean 'bytes'?"),
        ("", {"--type": "has"}, "--type: type can't be 'has'\ndid you mean 'hash'?"),
        (
            "verdict = 'drop'\nprintkk = 'x'",
            {},
            "counter.toml:2: unknown entry 'printkk'\ndid you mean 'printk'?",
        ),
        (
            "[counter]\nmap = 'm'",
            {},
            "counter.toml:1: counter is a table of its own\nwrite it as [[counter]]",
        ),
        (
            "counter = 7",
            {"--map": "m"},
            "counter.toml:1: counter is a table of its own\nwrite it as [[counter]]",
        ),
        (
            "program = 'm'\n\n[[counter]]\nmap = 'm'",
            {},
            "counter.toml:4: program and map are both called 'm'\nrename one of them",
        ),
        (
            "[[counter]]\ntype = 'array'",
            {"--flag": ["no_prealloc"]},
            "--flag: flag 'no_prealloc' doesn't suit a map of type 'array'\nit suits: hash, percpu_hash",
        ),
        (
            "[[counter]]\nflags = ['no_prealloc']",
            {"--type": "array"},
            "counter.toml:2: flag 'no_prealloc' doesn't suit a map of type 'array'\n"
            "it suits: hash, percpu_hash",
        ),
        (
            f"[[counter]]\nmax_entries = 0x{'f' * 5000}",
            {},
            "counter.toml:2: this number is larger than any that fits here",
        ),
        (
            f"[[rule]]\nverdict = 'drop'\nmatch = {{ dst_port = [1, -{1 << 64}] }}",
            {},
            "counter.toml:3: this number is larger than any that fits here",
        ),
        ("a = ", {}, "counter.toml is no TOML: Invalid value (at end of document)\ntext stands in quotes"),
        (
            "program = 'a'\nprogram = 'b'\n",
            {},
            "counter.toml is no TOML: Cannot overwrite a value (at line 2, column 14)",
        ),
    ],
)
def test_an_error_names_the_line_or_the_option(text: str, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_spec(text, "counter.toml", options)
    assert str(caught.value) == expected


def test_what_new_writes_says_the_defaults() -> None:
    assert read_spec(assets.spec_with_defaults(), "counter.toml", {}) == parse({})


def test_options_speak_of_one_counter() -> None:
    two = "[[counter]]\n[[counter]]\nmap = 'other'"
    assert read_spec(two, "two.toml", {"--verdict": "drop"}).verdict is Verdict.DROP
    with pytest.raises(BadRequest, match=r"--type speaks of one counter, but two\.toml has 2"):
        read_spec(two, "two.toml", {"--type": "array"})
