"""Finding maps by names, some of which nobody has given."""

import json

import pytest

from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.reach import Reach
from xdpctl.errors import BadRequest
from xdpctl.tools import bpftool, proc
from xdpctl.tools.maps.find import find_map

NOWHERE = Reach("/nowhere", ("/nowhere",), lambda _: None)


def kernel_has(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    sizes = {"bytes_key": 4, "bytes_value": 8, "max_entries": 1}
    found = [{"id": i, "type": "array", "name": name, **sizes} for i, name in enumerate(names, start=1)]
    answers = {
        bpftool.command("-f", "map", "show"): found,
        **{bpftool.command("map", "show", "id", str(one["id"])): one for one in found},
    }

    def query(argv: Argv) -> proc.Result:
        return proc.Result(argv, 0, json.dumps(answers[argv]).encode(), "")

    monkeypatch.setattr(proc, "query", query)


def test_global_variables_by_the_end_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_has(monkeypatch, "xdp_allo.rodata", "xdp_allo.bss", "bss", "x.bss2")
    assert find_map(".bss", NOWHERE).map.name == "xdp_allo.bss"


def test_global_variables_of_several_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_has(monkeypatch, "xdp_allo.bss", "other.bss")
    with pytest.raises(BadRequest) as caught:
        find_map(".bss", NOWHERE)
    assert caught.value.message == "several maps are called '.bss'; name one by its id or path"
    assert caught.value.hints == ("id:1  array  xdp_allo.bss", "id:2  array  other.bss")


def test_known_names_begin_with_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"type": "array", "bytes_key": 4, "bytes_value": 8, "max_entries": 1}
    named = {
        "alpha": "/own/zulu",
        "b.rodata": "",
        "charlie": "/own/sub/charlie",
        "b.bss": "",
        "mike": "/own/mike",
    }
    found = [
        {"id": i, "name": name, "pinned": [pin] if pin else [], **sizes}
        for i, (name, pin) in enumerate(named.items(), start=1)
    ]
    answer = json.dumps(found).encode()
    monkeypatch.setattr(proc, "query", lambda argv: proc.Result(argv, 0, answer, ""))
    with pytest.raises(BadRequest) as caught:
        find_map("1234", Reach("/own", ("/own",), lambda _: None))
    assert caught.value.hints == ("known: mike, zulu, alpha, b.bss, charlie",)


def test_a_name_that_no_map_ends_in(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_has(monkeypatch, "xdp_allo.bss", "pkt_cnt")
    for name in (".rodata", "cnt"):
        with pytest.raises(BadRequest, match=f"there is no map '{name}'"):
            find_map(name, NOWHERE)
