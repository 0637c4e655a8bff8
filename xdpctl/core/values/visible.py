"""Text for people: what would act on a terminal, or deceive who reads it, is shown escaped."""

import re

_ODD = re.compile(r"[^ -~]")
"""What may be unprintable."""
_ODD_IN_LINES = re.compile(r"[^ -~\n\t]")
_PLAIN = bytes(range(ord(" "), ord("~") + 1)) + b"\n\t"


def visible(text: str) -> str:
    """One line: control characters, marks that turn the direction of text, and the like as `\\x1b`."""
    return _ODD.sub(_escaped, text)


def visible_lines(text: str) -> str:
    """The same of text whose line ends and tabs are meant."""
    plain = is_plain(text.encode(errors="surrogatepass"))
    return text if plain else _ODD_IN_LINES.sub(_escaped, text)


def is_plain(text: bytes) -> bool:
    """Whether it is ASCII that can be printed, in lines and with tabs; much faster than a search."""
    return not text.translate(None, _PLAIN)


def _escaped(found: re.Match[str]) -> str:
    """Bytes of a name that are no text are each a character to Python."""
    if "\udc80" <= found[0] <= "\udcff":
        return f"\\x{ord(found[0]) & 0xFF:02x}"
    return found[0] if found[0].isprintable() else repr(found[0])[1:-1]
