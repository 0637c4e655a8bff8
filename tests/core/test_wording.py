"""The nearest right word."""

import pytest

from xdpctl.core.wording import did_you_mean


@pytest.mark.parametrize(
    ("word", "right", "hint"),
    [
        ("pkt_cn", ["pkt_cnt", "other"], ("did you mean 'pkt_cnt'?",)),
        ("PKT_CNT", ["pkt_cnt", "other"], ("did you mean 'pkt_cnt'?",)),
        ("zzz", ["hash", "array"], ("known: hash, array",)),
        ("eth", ["Eth0"], ("did you mean 'Eth0'?",)),
        ("zzz", [], ()),
        ("lesson", ["lesson-1", "lesson-2", "les"], ("did you mean 'lesson-1' or 'lesson-2'?",)),
        ("lesson1", ["lesson-1", "lesson-2"], ("did you mean 'lesson-1'?",)),
    ],
)
def test_suggestion(word: str, right: list[str], hint: tuple[str, ...]) -> None:
    assert did_you_mean(word, right) == hint
