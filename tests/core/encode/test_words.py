"""Which words are the key, and words of a key that mean it."""

from typing import Any

import pytest

from xdpctl.core.encode.words import format_input, parse_input, prefix, split

FLOW = ("src_ip", "dst_port", "in.a", "in.b")


@pytest.mark.parametrize(
    ("words", "names", "key"),
    [
        ("0 packets=0 bytes=0", ("key",), 1),
        ("10.0.0.0/8 drop", ("prefixlen", "addr"), 1),
        ("src_ip=10.0.0.1 dst_port=80 packets=1", FLOW, 2),
        ("dst_port=80 in.a=1 in.b=2 packets=1", FLOW, 3),
        ("dst_port=80 dst_port=90", FLOW, 1),
        ("in[0].a=1 in[1].a=2 packets[0]=1", FLOW, 2),
        ("packets=1 dst_port=80", FLOW, 1),
        ("0", ("key",), 1),
        ("", ("key",), 0),
    ],
)
def test_the_key_is_one_word_or_its_members(words: str, names: tuple[str, ...], key: int) -> None:
    given = tuple(words.split())
    value = parse_input(given[key:]) if given[key:] else None
    assert split(given, names) == (parse_input(given[:key]), value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["5"], "5"),
        (["a=1", "b=2"], ["a=1", "b=2"]),
        (['{"a": "1", "b": [2]}'], {"a": "1", "b": [2]}),
        (["[1, 2]"], [1, 2]),
        (["{'a': 1}"], "{'a': 1}"),
        (['{"a":1,"a":2}'], '{"a":1,"a":2}'),
        (["two words"], "two words"),
    ],
)
def test_what_words_mean(words: list[str], said: Any) -> None:
    assert parse_input(words) == said


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, "5"),
        (True, "true"),
        (None, "none"),
        ("two words", "two words"),
        ([1, 2], "[1,2]"),
        ({"a": 1, "in": {"b": "x", "c": None}}, "a=1 in.b=x in.c=none"),
        ({"name": 'a "b" \\'}, 'name="a \\"b\\" \\\\"'),
        ({"name": ""}, 'name=""'),
    ],
)
def test_words_of_a_key(value: Any, words: str) -> None:
    assert format_input(value) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({"prefixlen": 8, "addr": "10.0.0.0"}, "10.0.0.0/8"),
        ({"prefixlen": 8, "addr": [1]}, ""),
        ({"a": 1}, ""),
    ],
)
def test_the_key_of_a_trie(key: dict[str, Any], words: str) -> None:
    assert prefix(key) == words
