"""Ctrl-C while `xdpctl map` looks at what it is about to write."""

from typing import Any

import pytest

from xdpctl import cli
from xdpctl.ops.map import from_file


@pytest.mark.parametrize("line", ["map set m --batch f", "map delete m --batch f", "map restore f"])
def test_ctrl_c_before_the_first_element(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    for name in ("prepare_set", "prepare_delete", "prepare_restore"):
        monkeypatch.setattr(from_file, name, interrupted)
    assert cli.execute(line.split()) == 130
    assert capsys.readouterr().err == "xdpctl: interrupted before anything was written\n"
