"""Network namespaces by name and path."""

import os
from pathlib import Path

import pytest

from xdpctl.errors import BadRequest
from xdpctl.tools import netns
from xdpctl.tools.netns import HERE, Netns


def test_names_and_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netns, "NAMED", str(tmp_path))
    (tmp_path / "lab").touch()
    assert netns.named("") is HERE
    assert netns.named("lab") == netns.named(f"{tmp_path}/lab") == Netns(f"{tmp_path}/lab")
    assert netns.named("lab").prefix == ("nsenter", f"--net={tmp_path}/lab")
    assert (netns.named("lab").label, HERE.label, HERE.prefix) == (" in netns lab", "", ())
    with pytest.raises(BadRequest, match=f"there is no network namespace {tmp_path}/la") as caught:
        netns.named("la")
    assert caught.value.hints == ("did you mean 'lab'?",)


def test_this_namespace_comes_first_and_none_twice() -> None:
    first, *others = netns.everywhere().values()
    assert first[0] is HERE
    assert not any(HERE in ways for ways in others)


def test_one_that_has_ended_is_no_other() -> None:
    assert netns.same(HERE, Netns("/proc/self/ns/net"))
    assert not netns.same(Netns("/proc/0/ns/net"), HERE)


def test_where_the_first_process_lives_is_no_lab() -> None:
    first = "/proc/1/ns/net"
    if not os.access(first, os.R_OK):
        pytest.skip("it doesn't let itself be seen")
    assert not netns.is_lab(Netns(first))
