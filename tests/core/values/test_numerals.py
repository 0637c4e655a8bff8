"""Numbers in digits."""

import pytest

from xdpctl.core.values.numerals import ID_MAX, short, whole_number


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("0010", 10),
        ("0" * 5000 + "1", 1),
        (str(ID_MAX), ID_MAX),
        (str(ID_MAX + 1), None),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1_0", None),
        ("٣", None),
        ("²", None),
        ("0x1", None),
    ],
)
def test_whole_numbers(word: str, number: int | None) -> None:
    assert whole_number(word, ID_MAX) == number


def test_a_long_word_is_quoted_in_part() -> None:
    assert short("id:7") == "'id:7'"
    assert short("9" * 5000) == f"'{'9' * 60}'…"
