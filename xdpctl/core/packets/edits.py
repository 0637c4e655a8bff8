"""What a program has changed of a packet."""

from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct

from xdpctl.core.packets.headers import HeaderField, fields


class Edit(Struct, frozen=True):
    """Bytes in the place of others; of what was put in or taken out, one side is empty."""

    offset: int
    before: bytes
    after: bytes
    field: HeaderField | None = None
    """Which they are of a header, if they are one as a whole."""


def edits(before: bytes, after: bytes) -> tuple[Edit, ...]:
    """What to do to a packet to make it another."""
    if before == after:
        return ()
    if len(before) == len(after):
        return tuple(_in_place(before, after))
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    return (Edit(start, before[start : len(before) - end], after[start : len(after) - end]),)


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _in_place(before: bytes, after: bytes) -> Iterator[Edit]:
    """Fields of headers as a whole, and beside them, bytes that follow upon each other."""
    field_at = {
        at: field for field in fields(before) for at in range(field.offset, field.offset + field.size)
    }
    places = [at for at in range(len(before)) if before[at] != after[at]]
    for key, group in groupby(enumerate(places), lambda pair: field_at.get(pair[1]) or pair[1] - pair[0]):
        if isinstance(key, HeaderField):
            start, end, field = key.offset, key.offset + key.size, key
        else:
            run = [at for _, at in group]
            start, end, field = run[0], run[-1] + 1, None
        yield Edit(start, before[start:end], after[start:end], field)
