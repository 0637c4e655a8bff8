"""Aligned columns."""

from xdpctl.views.table import table


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
