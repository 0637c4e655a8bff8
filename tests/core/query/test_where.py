"""Which rows an expression means, and what is said of one that means none."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdpctl.core.query.where import parse
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest

ROW: dict[str, Any] = {
    "src_ip": "10.1.2.3",
    "to": "2001:db8::1",
    "net": "10.1.0.0/16",
    "ip_proto": "tcp",
    "verdict": "XDP_DROP",
    "flags": "syn|ack",
    "length": "64-127",
    "packets": 1500,
    "in.a": -7,
    "on": True,
    "least": None,
    "port": "none",
    "seen": "2026-11-20T08:53:20.123Z",
    "name": "Two Words",
    "list": [1, 2],
    "structs": [{"a": True}],
    "odd": "10.1.2.3/x",
    "value.packets": 3,
}
FRACTIONS = {"f": 0.25, "whole": 2.0}
NUMBERS = ("packets", "in.a")


def holds(text: str, row: dict[str, Any] = ROW) -> bool:
    return parse(text, ROW, NUMBERS)(row)


@pytest.mark.parametrize(
    "text",
    [
        "packets == 1500",
        "packets == 1.5k",
        "packets == 0x5DC",
        "packets != 1M",
        "packets < 2K and packets <= 1500 and packets > 0 and packets >= 1500",
        "in.a < 0",
        "in.a == -7",
        "PACKETS > 5",
        "value.packets == 3",
        "key.packets == 1500",
        "value.in.a == -7",
        "packets in 1k-2k",
        "packets in 1500-",
        "packets in (1, 2, 1400-1600)",
        "packets in (1 1500)",
        "packets not in 1-5",
        "packets not in 1501-",
        "ip_proto == tcp",
        "ip_proto == TCP",
        "ip_proto in (udp, tcp)",
        "ip_proto != udp",
        "verdict == drop",
        "verdict == XDP_DROP",
        "verdict == xdp_drop",
        "verdict in (pass, drop)",
        "flags == ack|syn",
        "flags ~ SYN",
        "length == 64-127",
        "length in 64-127",
        "src_ip == 10.1.2.3",
        "src_ip in 10.0.0.0/8",
        "src_ip in (192.168.0.0/16, 10.1.2.3)",
        "src_ip in 0.0.0.0/0",
        "not src_ip in 2001:db8::/32",
        "to in 2001:db8::/32",
        "to == 2001:DB8:0::1",
        "to not in 0.0.0.0/0",
        "net in 10.0.0.0/8",
        "net not in 10.1.2.0/24",
        "net == 10.1.0.0/16",
        "net not in ('10.0.0.0/8')",
        "odd not in 10.0.0.0/8",
        "on == true",
        "on != false",
        "least == none",
        "least == null",
        "least != 0",
        "packets != none",
        "port == none",
        "port != 80",
        "seen > 2026-11-20T08:53:20",
        "seen < 2026-11-20T08:53:21Z",
        "seen >= 2026-11 and seen < 2026-12",
        "name == 'Two Words'",
        'name == "Two Words"',
        "name ~ 'o w'",
        "list ~ '1, 2'",
        "structs ~ '\"a\": true'",
        "packets ~ 50",
        "list[1] == 2 and list[0] < 2",
        "VALUE.List[1] in (2, 3)",
        "structs[0].a == true",
        "structs[0].A != false",
        "structs[0] ~ true",
        "not packets == 1",
        "not not packets == 1500",
        "packets == 1 or packets == 1500",
        "packets == 1 and packets == 2 or packets == 1500",
        "(packets==1500)or(ip_proto==udp)",
        "packets == 1500 or packets == 1 and packets == 2",
        "(packets == 1500 or packets == 1) and ip_proto == tcp",
        "not (packets == 1 or ip_proto == udp) AND on == true",
    ],
)
def test_holds(text: str) -> None:
    assert holds(text) is True
    assert holds(f"not ({text})") is False


@pytest.mark.parametrize(
    "text",
    [
        "least < 5",
        "least > 5",
        "least in 0-5",
        "least in 0-",
        "port < 80",
        "port in 1-65535",
        "ip_proto > 5",
        "ip_proto == 6",
        "list == 1",
        "list < 5",
        "src_ip > 2026-11",
        "least ~ none",
        "name == 'two words'",
        "seen > 5",
        "packets == 1500 and packets == 1",
        "packets == 1 and packets == 1500",
        "on > 2",
    ],
)
def test_what_cannot_be_compared_is_not_so(text: str) -> None:
    assert holds(text) is False


@pytest.mark.parametrize(
    ("text", "so"),
    [
        ("f == 0.25", True),
        ("f == 2.5e-1", True),
        ("f < 1", True),
        ("f > 0.3", False),
        ("f in 0-1", True),
        ("whole == 2", True),
        ("whole > -0.5", True),
        ("whole == 1.5k", False),
    ],
)
def test_numbers_with_a_point(text: str, so: bool) -> None:
    assert parse(text, FRACTIONS)(FRACTIONS) is so


def test_a_row_without_the_column_holds_nothing_there() -> None:
    assert holds("packets == none", {}) is True
    assert holds("packets > 0", {}) is False
    assert holds("list[1] == none", {"list": None}) is True
    assert holds("structs[0].a == none", {"structs": [None]}) is True


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        ("", "here the name of a column is missing", "write it like"),
        ("pakets > 1", "there is no column 'pakets'", "did you mean 'packets'?"),
        ("pakets > 1", "there is no column 'pakets'", "columns: src_ip, to, net"),
        ("zzzzz > 1", "there is no column 'zzzzz'", "known: src_ip, to, net"),
        ("packets = 5", "after 'packets' a comparison is missing", "packets = 5\n        ^"),
        ("packets = 5", "after 'packets' a comparison is missing", "did you mean '=='?"),
        ("list[2] == 1", "there is no list[2]", "known: list[0] to list[1]"),
        ("list[2] == 1", "there is no list[2]", "list[2] == 1\n^"),
        ("list[x] == 1", "'list[x]' is no element of list", "write it like list[0]"),
        ("list[1 == 1", "'list[1' is no element of list", ""),
        ("list[0].a == 1", "list[0] has no member 'a'", ""),
        ("list[0][1] == 1", "list[0] is no array", ""),
        ("structs[0].aa == 1", "structs[0] has no member 'aa'", "did you mean 'a'?"),
        ("packets[0] == 1", "there is no column 'packets[0]'", "did you mean 'packets'?"),
        ("packets", "after 'packets' a comparison is missing", "packets\n       ^"),
        ("packets not > 5", "after 'packets' a comparison is missing", "packets not > 5\n            ^"),
        ("packets >", "after '>' a value is missing", "packets >\n         ^"),
        ("packets > and", "after '>' a value is missing", "packets > and\n          ^"),
        ("> 5", "here the name of a column is missing", "> 5\n^"),
        ("packets > 5 and", "here the name of a column is missing", "packets > 5 and\n               ^"),
        ("(packets > 5", "this parenthesis isn't closed", "(packets > 5\n^"),
        ("packets > 5)", "')' can't stand here", "packets > 5)\n           ^"),
        ("packets > 5 bytes > 5", "'bytes' can't stand here", ""),
        ("packets > 5 & on == 1", "'&' can't stand here", ""),
        ("packets > 5; os.system('x')", "'packets' holds numbers, '5;' isn't one", ""),
        ("packets == 'x", "a quote isn't closed", "packets == 'x\n           ^"),
        ("packets in ()", "here values are missing", ""),
        ("packets in (1", "this parenthesis isn't closed", "packets in (1\n           ^"),
        ("packets in (1,,2)", "after ',' a value is missing", "packets in (1,,2)\n              ^"),
        ("packets in", "after 'in' a value is missing", "packets in\n          ^"),
        ("packets in 5-1", "from the smaller number to the larger: 1-5", ""),
        ("packets == tcp", "'packets' holds numbers, 'tcp' isn't one", ""),
        (
            "packets in (1, tcp)",
            "'packets' holds numbers, 'tcp' isn't one",
            "packets in (1, tcp)\n" + " " * 15 + "^",
        ),
        ("packets > 1.5", "'packets' holds numbers, '1.5' isn't one", ""),
        ("packets > 1.5555k", "'packets' holds numbers, '1.5555k' isn't one", ""),
        ("packets > 010", "'packets' holds numbers, '010' isn't one", ""),
        ("src_ip < 10.0.0.5", "'10.0.0.5' is no number and no time", "like in 10.0.0.0/8"),
        ("src_ip in 10.0.0.1/8", "10.0.0.1/8 has bits set behind the first 8", "did you mean '10.0.0.0/8'?"),
        ("src_ip in 10.0.0.0/33", "10.0.0.0/33 is no prefix", "write it like 10.0.0.0/8"),
        ("src_ip in (1.1.1.1, 10.0.0.0/33)", "10.0.0.0/33 is no prefix", ""),
        ("(" * 5000, "parentheses go deeper than 50", ""),
    ],
)
def test_mistakes(text: str, told: str, hint: str) -> None:
    with pytest.raises(BadRequest, match=r"^--where: ") as caught:
        parse(text, ROW, NUMBERS)
    assert told in caught.value.message
    assert any(hint in given_ for given_ in caught.value.hints)


@pytest.mark.parametrize("text", ["{} > 1", "packets == {}", "src_ip < {}", "on {}", "list[0].{} == 1"])
def test_what_is_long_is_quoted_in_part(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(text.format("x" * 100_000), ROW, NUMBERS)
    assert len(str(caught.value)) < 600


def test_the_example_is_of_the_maps_own_columns() -> None:
    examples: dict[str, dict[str, Value]] = {
        "write it like 'bytes > 1k and key == none'": {"key": "none", "packets": 0, "bytes": 0},
        "write it like 'packets > 1k'": {"key": 0, "packets": 0},
        "write it like 'key == \"00 00\"'": {"key": "00 00", "value": [0]},
    }
    for example, columns in examples.items():
        with pytest.raises(BadRequest) as caught:
            parse("", columns, [name for name, zero in columns.items() if zero == 0])
        assert caught.value.hints[-1] == example
        with pytest.raises(BadRequest) as caught:
            parse("", {"value": [0]})
        assert len(caught.value.hints) == 1


@given(
    st.text(st.sampled_from("ab =!<>~()'\"in,-./19k:|not and packets"), max_size=30),
    st.sampled_from(list(ROW)),
)
def test_any_text_is_understood_or_refused(text: str, column: str) -> None:
    for whole in (text, f"{column} {text}"):
        with contextlib.suppress(BadRequest):
            assert isinstance(holds(whole), bool)
