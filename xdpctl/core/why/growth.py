"""What two readings of a map tell of the time between them, as far as `why` wants to know."""

from collections.abc import Iterable

from msgspec import Struct

from xdpctl.core.btf.columns import Column, Leaf
from xdpctl.core.btf.types import BtfDump
from xdpctl.core.maps import companions
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.decode import Layout


class ContentSnapshot(Struct, frozen=True):
    """All that a map held."""

    elements: int = 0
    keys: bytes = b""
    values: bytes = b""
    stride: int = 1


def content(chunks: Iterable[Chunk]) -> ContentSnapshot:
    """As one piece: where a reading is cut, another need not be."""
    found = list(chunks)
    return ContentSnapshot(
        sum(map(len, found)),
        b"".join(chunk.keys for chunk in found),
        b"".join(chunk.values for chunk in found),
        found[0].stride if found else 1,
    )


def counted(before: ContentSnapshot, now: ContentSnapshot, layout: Layout) -> int | None:
    """How many packets more a map holds; None where that can't be told."""
    leaf = _packets(layout.value) if layout.is_sum else None
    if leaf is None:
        return None
    first, second = (_sum(leaf, held) for held in (before, now))
    return second - first if second >= first else None


def lost(map_name: str, btf: BtfDump, before: ContentSnapshot, now: ContentSnapshot) -> int:
    """How many packets of a map were lost, by what its program's global variables were and are."""
    kept = companions.beside(btf, map_name, "", evicts=False)
    if not (before.values and now.values):
        return 0
    first, second = (companions.lost(kept, held.values) for held in (before, now))
    return second.get("packets", 0) - first.get("packets", 0)


def _packets(column: Column) -> tuple[int, Leaf] | None:
    """Where packets are counted: in a value that is a number, or in a member of a struct."""
    members = (("packets", 0, column),) if isinstance(column, Leaf) else column.members
    return next(
        (
            (at, leaf)
            for name, at, leaf in members
            if name == "packets" and isinstance(leaf, Leaf) and leaf.code
        ),
        None,
    )


def _sum(place: tuple[int, Leaf], held: ContentSnapshot) -> int:
    offset, leaf = place
    numbers = leaf.values(held.values, held.stride, offset) if held.values else []
    return sum(number for number in numbers if isinstance(number, int))
