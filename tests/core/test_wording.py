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
    ],
)
def test_suggestion(word: str, right: list[str], hint: tuple[str, ...]) -> None:
    assert did_you_mean(word, right) == hint
