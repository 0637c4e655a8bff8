"""What is shown of text that isn't all letters."""

import pytest

from xdpctl.core.values.visible import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve ∑ 漢字", "naïve ∑ 漢字"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x7f\x9b\x00", "\\x7f\\x9b\\x00"),
        ("\u202e\u2066\u2028\ufeff", "\\u202e\\u2066\\u2028\\ufeff"),
        ("a\udcff\udc80\ud800", "a\\xff\\x80\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\rc", "a\\rc"),
    ],
)
def test_what_acts_on_a_terminal_or_deceives_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == visible_lines(text) == shown


def test_only_line_ends_that_are_meant_end_lines() -> None:
    assert visible("a\nb") == "a\\nb"
    assert visible_lines("a\n\tb") == "a\n\tb"
    assert visible("a\n\tb") == "a\\n\\tb"
