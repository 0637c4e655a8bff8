"""The nearest right word."""

import pytest

from xdpctl.core.wording import did_you_mean, join, listed


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


def test_of_many_names_a_few_are_listed() -> None:
    names = [f"n{i}" for i in range(300)]
    few = "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9"
    assert join(names) == listed(names) == f"{few} and 290 more"
    assert join(names[:10]) == "n0, n1, n2, n3, n4, n5, n6, n7, n8 and n9"
    assert did_you_mean("wholly", names)[0].endswith(", n39 and 260 more")
