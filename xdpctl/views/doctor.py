"""Findings about a machine, as text or JSON."""

import textwrap
from collections.abc import Iterator, Sequence

from xdpctl.core.doctor.finding import Finding, State, healthy
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.core.values.visible import visible
from xdpctl.views.palette import Palette

INDENT = 6
"""For the state, and what separates it."""


def as_json(findings: Sequence[Finding]) -> str:
    checks = [{"name": f.name, "state": f.state, "found": f.found, "remedy": f.remedy} for f in findings]
    whole = {"schema": SCHEMA, "ok": healthy(findings), "checks": checks}
    return to_json(whole)


def as_lines(findings: Sequence[Finding]) -> str:
    """One line for each check, for a pipe."""
    width = max(len(f.name) for f in findings)
    return "\n".join(
        visible(f"{f.state:<4}  {f.name:<{width}}  {f.found}{f'; mend: {f.remedy}' if f.remedy else ''}")
        for f in findings
    )


def as_text(findings: Sequence[Finding], width: int, palette: Palette) -> str:
    """For a terminal: lines are wrapped, each remedy has its own."""
    return "\n".join(line.rstrip() for f in findings for line in _block(f, width, palette))


def _block(f: Finding, width: int, palette: Palette) -> Iterator[str]:
    styles = {State.GOOD: palette.green, State.BAD: palette.bold + palette.red, State.NOTE: palette.yellow}
    margin = palette.paint(styles[f.state], f.state) + " " * (INDENT - len(f.state))
    for title, words in (f.name, f.found), *([("mend", f.remedy)] if f.remedy else []):
        first, *more = _wrapped(f"{title}: {visible(words)}", max(1, width - INDENT))
        yield margin + palette.paint(palette.bold, first[: len(title)]) + first[len(title) :]
        margin = " " * INDENT
        yield from (margin + line for line in more)


def _wrapped(text: str, room: int) -> Iterator[str]:
    """A word is broken only where it is longer than a line: what is to be pasted has hyphens."""
    for line in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False):
        yield from (line[i : i + room] for i in range(0, len(line), room))
