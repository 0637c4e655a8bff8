"""A broken link of the chain that makes a counter move, and words to tell of it."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class Link(StrEnum):
    """What has to hold, in this order."""

    LOADED = "loaded"
    PINNED = "pinned"
    RIGHT_MAP = "right map"
    ATTACHED = "attached"
    UP = "up"
    RECEIVES = "receives"
    RUNS = "runs"
    COUNTS = "counts"


class Broken(Struct, frozen=True):
    link: Link
    cause: str
    """In two or three words."""
    says: str
    mend: str
    """A command, or what else to do."""


def join(words: Iterable[str]) -> str:
    """Each once: `a, b and c`."""
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} and {last}" if others else last


def packets(number: int) -> str:
    return f"{number or 'no'} packet{'s' * (number != 1)}"


def times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
