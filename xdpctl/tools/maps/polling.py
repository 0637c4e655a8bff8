"""Several maps, read again and again: in batches through libbpf, the others by one bpftool."""

import time
from collections.abc import Iterable

from msgspec import Struct

from xdpctl.core.machine.model import Map, MapId, Via
from xdpctl.core.maps.chunk import Chunk
from xdpctl.errors import Gone
from xdpctl.tools import bpftool, libbpf, proc
from xdpctl.tools.files import placing
from xdpctl.tools.libbpf.maps import NoBatches, batches
from xdpctl.tools.maps import content


class PolledReading(Struct, frozen=True):
    at: float
    """By the monotonic clock."""
    chunks: tuple[Chunk, ...]


Readings = dict[MapId, PolledReading]
"""Maps that aren't there any more are missing."""


class Poller:
    def __init__(self, via: Via | None = None) -> None:
        self._batches = via is not Via.BPFTOOL and libbpf.can("bpf_map_lookup_batch")
        self._without: set[MapId] = set()
        """Maps that the kernel doesn't read in batches."""

    def poll(self, maps: Iterable[Map]) -> Readings:
        wanted = {map_.id: map_ for map_ in maps}
        through_libbpf = [map_ for map_ in wanted.values() if self._in_batches(map_)]
        readings = self._read_in_batches(through_libbpf)
        refused = [map_ for map_ in through_libbpf if map_.id in self._without]
        others = [map_ for map_ in wanted.values() if map_ not in through_libbpf]
        return {**readings, **_read_by_bpftool([*others, *refused])}

    def _in_batches(self, map_: Map) -> bool:
        return self._batches and map_.type in content.BATCHED and map_.id not in self._without

    def _read_in_batches(self, maps: list[Map]) -> Readings:
        if not maps:
            return {}
        readings: Readings = {}
        for map_ in maps:
            try:
                found = tuple(batches(map_))
            except Gone:
                continue
            except NoBatches:
                self._without.add(map_.id)
                continue
            readings[map_.id] = PolledReading(time.monotonic(), found)
        return readings


def _read_by_bpftool(maps: list[Map]) -> Readings:
    """All of them by one process; bpftool ends at a map that has gone, and goes on without it."""
    readings: Readings = {}
    left = maps
    while left:
        result = _batch([f"map dump id {map_.id}" for map_ in left])
        dumps, now = bpftool.each(result, len(left)), time.monotonic()
        for map_, dump in zip(left, dumps, strict=False):
            if not bpftool.reports_error(dump):
                readings[map_.id] = PolledReading(now, tuple(content.found(map_, [dump.out])))
            elif not isinstance(error := content.failure(map_, dump), Gone):
                raise error
        left = left[len(dumps) :]
    return readings


def _batch(commands: list[str]) -> proc.Result:
    with placing.in_memory(commands) as path:
        return proc.query(bpftool.command("batch", "file", path))
