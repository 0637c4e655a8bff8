"""A text with a mark under the place in it that a message speaks of."""

from xdpctl.errors import Lines

AROUND = 60
"""So much of a long text is shown on either side."""


def pointed(text: str, place: int) -> str:
    if not text.strip():
        return ""
    start = max(0, place - AROUND)
    line = "".join(c if c.isprintable() else " " for c in text[start : place + AROUND])
    return Lines(f"{line}\n{' ' * (place - start)}^")
