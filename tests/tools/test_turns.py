"""One xdpctl at a time, as far as it goes."""

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xdpctl.tools import bpffs, turns


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(bpffs, "ROOT", str(tmp_path))
    monkeypatch.setattr(turns, "_turn", None)
    yield tmp_path
    if turns._turn is not None:
        os.close(turns._turn)


def held(root: Path) -> bool:
    """Whether another one would have to wait."""
    directory = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(directory)
    return False


def test_a_turn_lasts_until_the_next(root: Path) -> None:
    assert not held(root)
    begun = time.monotonic()
    for _ in range(3):
        turns.wait()
        assert held(root)
    assert time.monotonic() - begun < turns.PATIENCE / 2


def test_patience_ends(root: Path) -> None:
    other = os.open(root, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    begun = time.monotonic()
    turns.wait(0.1)
    assert 0.1 <= time.monotonic() - begun < 2
    os.close(other)
    turns.wait()
    assert held(root)


def test_where_there_is_no_directory_nobody_waits(root: Path) -> None:
    root.rmdir()
    turns.wait()
    assert turns._turn is None
