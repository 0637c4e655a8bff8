"""Numbers for people: three digits and a unit."""

PREFIXES = ("", "k", "M", "G", "T", "P", "E")
BYTES = "bytes"


def amount(number: float, field: str, bits: bool = False) -> str:
    """Counts as 12.3 M, bytes as 12.3 MB, or as 98.4 Mbit."""
    if field.rpartition(".")[2] != BYTES:
        return _scaled(number, "")
    return _scaled(number * 8, "bit") if bits else _scaled(number, "B")


def _scaled(number: float, unit: str) -> str:
    place, rest = 0, float(number)
    while rest >= 999.5 and place < len(PREFIXES) - 1:
        place, rest = place + 1, rest / 1000
    digits = f"{rest:.0f}" if rest == int(rest) and not place else f"{rest:.{_behind(rest)}f}"
    return f"{digits} {PREFIXES[place]}{unit}".rstrip()


def _behind(rest: float) -> int:
    """Digits behind the point, of three."""
    return 0 if rest >= 99.95 else 1 if rest >= 9.995 else 2


def share(part: float | None, whole: float | None) -> str:
    return f"{100 * part / whole:.1f} %" if part is not None and whole else ""


BLOCKS = " ▁▂▃▄▅▆▇█"
SIGNS = " .:-=+*#@"


def history(rates: list[float], width: int, blocks: bool) -> str:
    """A small line, whose highest point is the highest rate of all."""
    marks = BLOCKS if blocks else SIGNS
    shown, top = rates[-width:], max(rates, default=0.0) or 1.0
    return "".join(marks[-(-rate * (len(marks) - 1) // top).__int__()] for rate in shown)
