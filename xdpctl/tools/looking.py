"""What maps hold at a moment, as far as it can be read."""

from collections.abc import Iterable, Iterator

from xdpctl.core import growth
from xdpctl.core.chunk import Chunk
from xdpctl.core.growth import Content
from xdpctl.core.model import Map, MapId
from xdpctl.errors import Refused
from xdpctl.tools import content, types
from xdpctl.tools.types import MapTypes


def contents(maps: Iterable[Map]) -> dict[MapId, Content]:
    """All are read at once; of what can't be read, nothing."""
    asked = {found.id: _begun(found) for found in maps}
    return {id_: _content(chunks) for id_, chunks in asked.items()}


def types_of(map_: Map) -> MapTypes:
    """None of a map that has gone meanwhile."""
    try:
        return types.of(map_)
    except Refused:
        return MapTypes()


def _begun(map_: Map) -> Iterator[Chunk]:
    try:
        return content.start(map_)
    except Refused:
        return iter(())


def _content(chunks: Iterator[Chunk]) -> Content:
    try:
        return growth.content(chunks)
    except Refused:
        return Content()
