"""JSON that people write: where a name is there twice, it can't be known which is meant."""

from typing import Any

import msgspec

from xdpctl.core.meanings import Value


def from_json(text: str) -> Value:
    """What it says; a ValueError tells what is wrong."""
    import json

    try:
        found: Value = msgspec.json.decode(text)
        json.loads(text, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("it goes too deep") from None
    except msgspec.DecodeError as error:
        reason = str(error).partition(" - at ")[0]
        raise ValueError(reason[:1].lower() + reason[1:]) from None
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ValueError(f"{twice!r} is there twice")
