"""A broken link of the chain that makes a counter move, and words to tell of it."""

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
    VERDICT = "verdict"
    COUNTS = "counts"


class Broken(Struct, frozen=True):
    link: Link
    cause: str
    """In two or three words."""
    says: str
    mend: str
    """A command, or what else to do."""
