"""The sessions of all pages in docs/."""

from pathlib import Path

import pytest

from .conftest import Lab
from .pages import ROOT, play, sessions

PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if sessions(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_session(lab: Lab, page: Path) -> None:
    play(lab, page)


def test_pages_with_sessions() -> None:
    assert {page.stem for page in PAGES} >= {"describing", "loading", "reading", "writing", "diagnosing"}
