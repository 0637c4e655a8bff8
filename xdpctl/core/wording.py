"""Words for messages: lists, counts, the nearest right word, a mark under a place in a text."""

import difflib
from collections.abc import Iterable

from xdpctl.errors import Lines

SYNONYMS = {
    "add": ("attach", "set"),
    "check": ("doctor",),
    "compile": ("build",),
    "driver": ("native",),
    "drv": ("native",),
    "hw": ("offload",),
    "init": ("new",),
    "list": ("status",),
    "ls": ("list", "status"),
    "monitor": ("watch",),
    "ping": ("icmp",),
    "ping6": ("icmpv6",),
    "pktgen": ("send",),
    "print": ("dump",),
    "remove": ("delete", "unload"),
    "replay": ("send",),
    "rm": ("delete", "unload"),
    "show": ("status",),
    "skb": ("generic",),
    "start": ("attach",),
    "stop": ("detach",),
    "test": ("run",),
    "top": ("watch",),
}
"""What other tools call things."""

MOST, MOST_KNOWN = 10, 40
"""So many names are read in a line; of right words for a wrong one, all that options have."""


def nearest(word: str, right: Iterable[str]) -> str | None:
    """The right word that was meant, where one is near."""
    words = {str(choice).lower(): str(choice) for choice in right}
    for meant in SYNONYMS.get(word.lower(), ()):
        if meant in words:
            return words[meant]
    near = difflib.get_close_matches(word.lower(), words, n=1)
    return words[near[0]] if near else None


def did_you_mean(word: str, right: Iterable[str]) -> tuple[str, ...]:
    """A hint that names the nearest right word, all that begin so, or all of them where none is near."""
    words = {str(choice).lower(): str(choice) for choice in right}.values()
    if near := nearest(word, words):
        begun = [choice for choice in words if choice.lower().startswith(word.lower())]
        return (f"did you mean {' or '.join(map(repr, begun if near in begun else [near]))}?",)
    return (f"known: {listed(words, MOST_KNOWN)}",) if words else ()


def join(words: Iterable[str]) -> str:
    """Each once: `a, b and c`; of many a few."""
    *others, last = dict.fromkeys(words)
    if len(others) >= MOST:
        return listed((*others, last))
    return f"{', '.join(others)} and {last}" if others else last


def listed(words: Iterable[str], most: int = MOST, between: str = ", ") -> str:
    """What is read in a line: of many words a few, and how many more there are."""
    known = list(words)
    more = len(known) - most
    return between.join(known[:most]) + (f" and {more} more" if more > 0 else "")


def one(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"


def packets(number: int) -> str:
    return f"{number or 'no'} packet{'s' * (number != 1)}"


def times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def element_count(number: int) -> str:
    return "1 element" if number == 1 else f"{number} elements"


AROUND = 60
"""So much of a long text is shown on either side."""


def pointed(text: str, place: int) -> str:
    if not text.strip():
        return ""
    start = max(0, place - AROUND)
    line = "".join(c if c.isprintable() else " " for c in text[start : place + AROUND])
    return Lines(f"{line}\n{' ' * (place - start)}^")
