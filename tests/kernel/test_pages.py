"""The sessions of all pages in docs/."""

import re
from pathlib import Path

import pytest

from .conftest import Lab
from .pages import README, ROOT, play, sessions

PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if sessions(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_session(lab: Lab, page: Path) -> None:
    play(lab, page)


def test_one_page_after_the_other(lab: Lab) -> None:
    """As somebody follows them: in one directory, with what the others built and made, from README on."""
    order = re.findall(r"^\| \[.*?\]\((docs/\w+\.md)\)", README.read_text(), re.M)
    pages = [page for name in order if (page := ROOT / name) in PAGES]
    assert sorted(pages) == PAGES
    play(lab, README, *pages)


def test_pages_with_sessions() -> None:
    assert {page.stem for page in PAGES} >= {"describing", "loading", "reading", "writing", "diagnosing"}
