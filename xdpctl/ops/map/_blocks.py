"""Lines of a file, taken in blocks, or one by one where a block says more than columns do."""

from collections.abc import Callable, Iterable

from xdpctl.core.encode.cells import NotPlain
from xdpctl.core.maps.batch_file import Block, Spoken
from xdpctl.core.maps.packing import Packing
from xdpctl.ops.map._lines import in_line

FEW = 16
"""A block of so many lines isn't tried in parts any more."""
Many = Callable[[Packing, Block], None]
"""Raises NotPlain where lines are to be taken by themselves."""
One = Callable[[Spoken], None]


def take(blocks: Iterable[Block], file: str, packing: Packing | None, many: Many, one: One) -> None:
    """All of a block at once, or its halves, or each line."""
    for block in blocks:
        if packing is not None and len(block):
            try:
                many(packing, block)
                continue
            except NotPlain:
                if len(block) > FEW:
                    half = len(block) // 2
                    take((block.part(0, half), block.part(half, len(block))), file, packing, many, one)
                    continue
        for said in block.each():
            with in_line(file, said.line):
                one(said)
