"""README's sessions."""

from .conftest import Lab
from .pages import README, play, sessions


def test_every_session(lab: Lab) -> None:
    assert len(sessions(README)) > 5
    play(lab, README)
