"""The elements of an array, all of them or some by their places, put together."""

import re
from functools import partial

from xdpctl.core.encode.members import Writer
from xdpctl.core.encode.numbers import native
from xdpctl.core.encode.paths import gathered, some_elements
from xdpctl.core.encode.text import CannotEncode, Input, array_items, at
from xdpctl.core.values.formats import unsigned


def writer(count: int, size: int, solid: int, write: Writer) -> Writer:
    """`solid` are the bits of an element that aren't padding."""

    def write_array(said: Input, old: bytes | None) -> bytes:
        some = some_elements(said)
        if some is not None:
            return _some(_by_index(some, count), old)
        items = array_items(said)
        if len(items) != count:
            given = f"{len(items)} is" if len(items) == 1 else f"{len(items)} are"
            raise CannotEncode(f"has {count} elements, {given} given", "write them like [1,2,3]")
        return b"".join(at(f"[{i}]", partial(write, item, None)) for i, item in enumerate(items))

    def _some(said: dict[int, Input], old: bytes | None) -> bytes:
        missing = [f"[{i}]" for i in range(count) if i not in said]
        if missing and old is None:
            raise CannotEncode(
                f"lacks {', '.join(missing[:3])}{', …' * (len(missing) > 3)}", "give every element"
            )
        parts = [None if old is None else old[i * size : (i + 1) * size] for i in range(count)]
        return b"".join(
            at(f"[{i}]", partial(write, said[i], part)) if i in said else _without_padding(part or b"")
            for i, part in enumerate(parts)
        )

    def _without_padding(part: bytes) -> bytes:
        return native(unsigned(part) & solid, size)

    return write_array


def _by_index(said: dict[str, Input], count: int) -> dict[int, Input]:
    """What is said of each element: `[1].b` is said of `[1]`."""

    def cut(name: str) -> tuple[int, str]:
        found = re.fullmatch(r"\[([0-9]{1,9})\]\.?(.*)", name)
        if found is None or int(found[1]) >= count:
            known = f"known: [0] to [{count - 1}]" if count else "it has none"
            raise CannotEncode(f"has no element {name}", known)
        return int(found[1]), found[2]

    return gathered(said, cut)
