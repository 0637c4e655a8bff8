"""What maps hold at a moment."""

from collections.abc import Iterable
from contextlib import suppress

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.refusals import NotTold, takes_minutes
from xdpctl.core.why import growth
from xdpctl.core.why.growth import ContentSnapshot
from xdpctl.tools.maps import content


def contents(maps: Iterable[Map]) -> dict[MapId, ContentSnapshot]:
    """All are read at once; those are left out that the kernel doesn't tell of, or that take minutes."""
    asked = {}
    for found in maps:
        if takes_minutes(found):
            continue
        with suppress(NotTold):
            asked[found.id] = content.start(found)
    read = {}
    for id_, chunks in asked.items():
        with suppress(NotTold):
            read[id_] = growth.content(chunks)
    return read
