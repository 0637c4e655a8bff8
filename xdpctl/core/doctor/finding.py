"""What a check found, and the remedy."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

MINIMUM = (5, 10)
"""The oldest kernel, and the oldest bpftool of its kind, that can tell which programs are ours: it keeps a
program's constants with it (BPF_PROG_BIND_MAP)."""


class State(StrEnum):
    GOOD = "good"
    BAD = "bad"
    """Something needed is missing."""
    NOTE = "note"
    """Good to know: xdpctl works without it, or it can't be seen from here."""


class Finding(Struct, frozen=True):
    name: str
    state: State
    found: str
    remedy: str = ""


def healthy(findings: Iterable[Finding]) -> bool:
    return all(finding.state is not State.BAD for finding in findings)


def _good(name: str, found: str) -> Finding:
    return Finding(name, State.GOOD, found)


def _bad(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, State.BAD, found, remedy)


def _note(name: str, found: str, remedy: str = "") -> Finding:
    return Finding(name, State.NOTE, found, remedy)
