"""Lines of entries, against texts that were put together so that every line is known."""

import tomllib
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xdpctl.core.spec.toml_lines import line_of

VALUES = (
    "1",
    '"a # b"',
    "[1, 2]",
    "[\n  1, # one\n\n  2,\n]",
    '"""\nfirst = 1\n[table]\n"""',
    "'''\n# no comment\n'''",
    "{ x = 1, y = [\n2] }",
    '"\u2028\x85"',
)
FILLER = ("", "\n", "# a comment\n", "   # one more = 1\n\n", "\t\n# \u2028 [x]\n", "# \x85\n")


class Text(NamedTuple):
    toml: str
    lines: dict[tuple[str | int, ...], int]


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """Entries at the top and in tables, with comments and blank lines between them."""
    toml, lines = "", dict[tuple[str | int, ...], int]()

    def entry(table: tuple[str | int, ...], name: str) -> None:
        nonlocal toml
        toml += draw(st.sampled_from(FILLER))
        lines[*table, *name.split(".")] = toml.count("\n") + 1
        toml += f"{draw(st.sampled_from(('', '  ')))}{name} = {draw(st.sampled_from(VALUES))}\n"

    for i in range(draw(st.integers(0, 3))):
        entry((), draw(st.sampled_from((f"top{i}", f"dotted.a{i}"))))
    for number in range(draw(st.integers(0, 2))):
        toml += draw(st.sampled_from(FILLER))
        lines["counter", number] = toml.count("\n") + 1
        toml += "[[counter]]\n"
        for i in range(draw(st.integers(0, 2))):
            entry(("counter", number), draw(st.sampled_from((f"in{i}", f"also.b{i}"))))
    return Text(toml, lines)


@settings(deadline=None)
@given(texts())
def test_every_entry_is_found_on_its_line(text: Text) -> None:
    tomllib.loads(text.toml)
    for path, line in text.lines.items():
        assert line_of(text.toml, path) == line
        assert line_of(text.toml, (*path, "missing")) == line


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = { c = 1 }", ("b", "c"), 2),
        ("a = 1\r\nb = 2\r\n", ("b",), 2),
        ("a = 1", ("nowhere",), 1),
        ("[a.b]\n[a]\nx = 1\n", ("a", "y"), 1),
        ("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.b]]\nx = 1\n", ("a", 1, "b", 1, "x"), 6),
        ("[[a]]\n\n[a.'b c']\nx = 1\n[a.\"b c\".d]\nx = 1\n", ("a", 0, "b c", "d", "x"), 6),
        ("a = [{ b = 1 },\n{ b = 2 }]\nc = 1", ("a", 1, "b"), 1),
        ("a = ''''\"\"\"'''''\nb = 1", ("b",), 2),
        ('a = """""\\""""""\nb = 1', ("b",), 2),
        ("", ("a",), 1),
    ],
)
def test_lines_in_unusual_texts(text: str, path: tuple[str | int, ...], line: int) -> None:
    assert line_of(text, path) == line


def test_no_part_of_a_text_is_read_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    loads = tomllib.loads

    def counted(text: str) -> dict[str, Any]:
        read.append(text)
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    array = "[\n" + "'10.0.0.0/8',\n" * 500 + "]"
    text = '[[rule]]\nverdict = "drop"\n' * 2000 + f"match.src_ip = {array}\nverdikt = 1\n"
    assert line_of(text, ("rule", 1999, "verdikt")) == text.count("\n")
    assert sum(map(len, read)) <= len(text)
