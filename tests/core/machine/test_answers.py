"""What tools print as JSON, and what is none."""

import pytest

from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Map
from xdpctl.errors import Refused


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "nothing at all"),
        (b" \n", "nothing at all"),
        (b'[{"id":1', "truncated"),
        (b'[{"id":-1}]', "Expected `int` >= 0"),
        (b'[{"id":4294967296}]', "Expected `int` <= 4294967295"),
        (b'[{"id":1,"other":' + b"[" * 100_000, "recursion|too deep"),
    ],
)
def test_what_is_no_answer(text: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        answers.decoded(text, list[Map], "bpftool")
    assert caught.value.message.startswith("bpftool printed what xdpctl can't read: ")
    assert caught.value.hints == ("`xdpctl doctor` checks bpftool",)


def test_names_are_of_any_bytes() -> None:
    [found] = answers.decoded(b'[{"id":1,"name":"a\x1b\xff"}]', list[Map], "bpftool")
    assert found.name == "a\x1b\udcff"


def test_what_bpftool_prints_though_it_is_no_json() -> None:
    odd = rb'{"a":"it\'s \\ \"","b":(unsupported-kind}'
    assert answers.decoded(odd, dict[str, str | None], "bpftool") == {"a": "it's \\ \"", "b": None}
