"""Aligned columns."""

from xdpctl.views.table import StackedCells, listed, table


def test_numbers_go_to_the_right_and_text_to_the_left() -> None:
    assert table(
        ("name", "n", "mixed"), [("a", 5, 1), ("longer", 12345, None), ("", 0, "x")]
    ).splitlines() == [
        "NAME        N  MIXED",
        "a           5  1",
        "longer  12345  -",
        "            0  x",
    ]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert table(("name",), [("a\nb",), ("\x1b[2J",), ("é",)]).splitlines()[1:] == ["a\\nb", "\\x1b[2J", "é"]


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("key", "value"), []) == "KEY  VALUE"


WIDE = ("preset", "what it does"), [("first", "Counts all packets that come in."), ("b", "Nothing.")]


def test_what_describes_is_wrapped_on_a_narrow_terminal() -> None:
    assert table(*WIDE, 25).splitlines() == [
        "PRESET  WHAT IT DOES",
        "first   Counts all",
        "        packets that come",
        "        in.",
        "b       Nothing.",
    ]
    assert table(*WIDE, 40) == table(*WIDE, 15) == table(*WIDE)


def test_numbers_that_do_not_fit_stand_below_each_other() -> None:
    header, rows = ("program", "ns", "lost"), [("empty", " 2.0", "-"), ("plain", "12.0", " 3")]
    assert listed(header, rows, 15).splitlines() == [
        "empty",
        "  ns    2.0",
        "  lost  -",
        "plain",
        "  ns    12.0",
        "  lost  3",
    ]
    assert listed(header, rows, 80) == listed(header, rows, None) == table(header, rows)


def test_cells_that_do_not_fit_are_broken() -> None:
    cells = StackedCells(("key", "n", "text"), 22)
    assert cells.header == "KEY"
    assert cells.line(("k" * 25, 5, "abcdefghijklmnopqrstu")).splitlines() == [
        "k" * 22,
        "kkk",
        "  n     5",
        "  text  abcdefghijklmn",
        "        opqrstu",
    ]
    assert cells.line(("total", 7, "")) == "total\n  n     7"
