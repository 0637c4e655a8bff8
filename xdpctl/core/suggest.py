"""The nearest right word for a wrong one."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, right: Iterable[str]) -> tuple[str, ...]:
    """A hint that names the nearest right word, or all of them where none is near."""
    words = {str(choice).lower(): str(choice) for choice in right}
    near = difflib.get_close_matches(word.lower(), words, n=1)
    if near:
        return (f"did you mean {words[near[0]]!r}?",)
    return (f"known: {', '.join(words.values())}",) if words else ()
