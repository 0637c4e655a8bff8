"""What is said of parts of a struct or an array: `in.b=1`, `in[1].b=1`."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from xdpctl.core.encode.text import CannotEncode, Input, by_name
from xdpctl.core.values.numerals import short

Owner = TypeVar("Owner")


def gathered(said: Mapping[str, Input], cut: Callable[[str], tuple[Owner, str]]) -> dict[Owner, Input]:
    """By owners of names; what is meant in one of them, goes by the rest of its name."""
    found: dict[Owner, Input] = {}
    for name, value in said.items():
        owner, rest = cut(name)
        whole = found.setdefault(owner, {} if rest else value)
        if rest and isinstance(whole, dict) and rest not in whole:
            whole[rest] = value
        elif rest or whole is not value:
            raise CannotEncode(f"has {short(name)} twice")
    return found


def some_elements(said: Input) -> dict[str, Input] | None:
    """What is said of some elements of an array, by their places: `[1]=4`."""
    if isinstance(said, dict) and said:
        return said if all(name.startswith("[") for name in said) else None
    if isinstance(said, str) and re.match(r"\s*\[-?\w*\][\w.\[\]]*=", said):
        return by_name([said], ())
    return None
