"""Colours, as far as views know of them: what is put before words and behind."""

from msgspec import Struct


class Palette(Struct, frozen=True):
    """Nothing, unless there is a terminal that shows them."""

    green: str = ""
    yellow: str = ""
    red: str = ""
    bold: str = ""
    plain: str = ""
    """Ends all of them."""

    def paint(self, style: str, words: str) -> str:
        return f"{style}{words}{self.plain}"
