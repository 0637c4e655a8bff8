"""JSON that people write: where a name is there twice, it can't be known which is meant."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from xdpctl.core.meanings import Value


def from_json(text: str) -> Value:
    """What it says; a ValueError tells what is wrong."""
    try:
        found: Value = msgspec.json.decode(text)
        _names_once()(text)
    except RecursionError:
        raise ValueError("it goes too deep") from None
    except msgspec.DecodeError as error:
        reason = str(error).partition(" - at ")[0]
        raise ValueError(reason[:1].lower() + reason[1:]) from None
    return found


@cache
def _names_once() -> Callable[[str], object]:
    """A reader that looks at nothing else: msgspec can't see what is there twice."""
    import json

    return json.JSONDecoder(object_pairs_hook=_each_once).decode


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ValueError(f"{twice!r} is there twice")
