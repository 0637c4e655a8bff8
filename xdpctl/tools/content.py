"""What a map holds, as chunks of bytes: through bpftool, or in batches through libbpf."""

import errno
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from xdpctl.core import map_refusals
from xdpctl.core.chunk import Chunk, Shape, chunks
from xdpctl.core.model import Map, Via
from xdpctl.core.seen import Seen
from xdpctl.errors import Refused
from xdpctl.tools import bpftool, proc

GONE = 256 - errno.ENOENT
"""How bpftool ends when the map isn't there."""
BATCHED = ("hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "array", "percpu_array")
MANY = 4096
"""A map of so many elements is read in batches if nothing else is asked for."""


def start(map_: Map, via: Via | None = None) -> Iterator[Chunk]:
    """The elements of a map, which begin to come at once."""
    map_refusals.check_dumpable(map_)
    if via is Via.BATCH or (via is None and map_.type in BATCHED and map_.max_entries >= MANY):
        from xdpctl.tools import libbpf

        if via is Via.BATCH or libbpf.installed():
            return _batches(map_, fall_back=via is None)
    return through_bpftool(map_, "id", str(map_.id))


def through_bpftool(map_: Map, *named: str) -> Iterator[Chunk]:
    return _read(map_, proc.start(bpftool.command("map", "dump", *named)))


def _read(map_: Map, running: proc.Running) -> Iterator[Chunk]:
    """bpftool goes from key to key; where its last one has been deleted, it begins again."""
    found = chunks(running.pieces(), Shape(map_.bytes_key, map_.bytes_value, map_.per_cpu))
    if map_.elements_come_singly:
        found = _once(found, map_.max_entries)
    yield from found
    if running.status == GONE:
        raise Refused(f"{map_.name} (id {map_.id}) has gone meanwhile", "xdpctl map list shows maps")
    if running.status:
        raise Refused(f"{map_.name} can't be dumped: bpftool gets no entries of a {map_.type} map")


def _once(found: Iterable[Chunk], expected: int) -> Iterator[Chunk]:
    """Each element once, and none that had gone before its value was read."""
    seen = Seen(expected)
    return (seen.only_new(chunk) for chunk in found if chunk.values)


def _batches(map_: Map, fall_back: bool) -> Iterator[Chunk]:
    from xdpctl.tools import libbpf

    found = libbpf.chunks(map_)
    try:
        first = list(islice(found, 1))
    except libbpf.NoBatches:
        if not fall_back:
            raise
        return through_bpftool(map_, "id", str(map_.id))
    proc.remark(f"bpf_map_lookup_batch of libbpf, on map id {map_.id} up to its end")
    return chain(first, found)
