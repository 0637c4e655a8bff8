"""Numbers that people write in digits, of which Python itself refuses to read thousands."""

ID_MAX = (1 << 32) - 1
"""The largest id that the kernel gives."""
SHOWN = 60


def whole_number(word: str, most: int) -> int | None:
    """A number from 0 to `most`; None where the word is something else."""
    digits = word.lstrip("0") or word[:1]
    if not (word.isascii() and word.isdecimal()) or len(digits) > len(str(most)):
        return None
    return number if (number := int(digits)) <= most else None


def short(word: str) -> str:
    """A word as a message quotes it."""
    return repr(word) if len(word) <= SHOWN else f"{word[:SHOWN]!r}…"
