"""JSON of tools that print names as they are: those of devices and files can be of any bytes but two."""

from typing import TypeVar

import msgspec

from xdpctl.core.decode import readable

T = TypeVar("T")


def read(out: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """What it says; a ValueError tells what else is wrong with it.

    A control character in a text stands for itself, and a byte that is no UTF-8 for itself too, as in
    Python's own names of files.
    """
    try:
        return decoder.decode(out)
    except ValueError:
        import json

        text = readable(out).decode(errors="surrogateescape")
        try:
            found = json.loads(text, strict=False)
        except RecursionError:
            raise ValueError("it goes too deep") from None
        return msgspec.convert(found, decoder.type)
