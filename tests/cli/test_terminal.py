"""What a terminal can show, by what it is and by what somebody wishes."""

import pytest

from xdpctl.cli import terminal
from xdpctl.cli.terminal import COLOURS
from xdpctl.views.palette import Palette


@pytest.mark.parametrize(
    ("there", "variables", "palette"),
    [
        (True, {}, COLOURS),
        (True, {"NO_COLOR": ""}, COLOURS),
        (True, {"NO_COLOR": "1"}, Palette()),
        (True, {"TERM": "dumb"}, Palette()),
        (False, {}, Palette()),
        (False, {"FORCE_COLOR": "1"}, Palette()),
    ],
)
def test_colours_are_for_a_terminal_of_somebody_who_wants_them(
    there: bool, variables: dict[str, str], palette: Palette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(terminal, "is_there", lambda: there)
    assert terminal.palette() == palette


def test_a_file_takes_lines_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "is_there", lambda: False)
    assert terminal.width() is None
    monkeypatch.setenv("COLUMNS", "33")
    assert terminal.width() == 33
