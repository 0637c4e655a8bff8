"""What a map holds, as chunks of bytes: through bpftool, or in batches through libbpf."""

import errno
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice

from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Map, Via
from xdpctl.core.maps import refusals
from xdpctl.core.maps.chunk import Chunk, Shape, Untold, chunks
from xdpctl.core.maps.first_seen import Seen
from xdpctl.core.maps.refusals import NOT_SUPPORTED
from xdpctl.errors import Refused, XdpctlError
from xdpctl.tools import bpftool, proc

NOT_OFFERED = tuple(256 - (number & 255) for number in (errno.EINVAL, errno.EOPNOTSUPP, NOT_SUPPORTED))
"""How bpftool ends where the kernel doesn't go from key to key."""
BATCHED = ("hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "array", "percpu_array")
MANY = 4096
"""A map of so many elements is read in batches if nothing else is asked for."""


def start(map_: Map, via: Via | None = None, many: int = MANY) -> Iterator[Chunk]:
    """The elements of a map, which begin to come at once."""
    refusals.check_dumpable(map_)
    if via is Via.BATCH or (via is None and map_.type in BATCHED and map_.max_entries >= many):
        from xdpctl.tools import libbpf

        if via is Via.BATCH or libbpf.can("bpf_map_lookup_batch"):
            return _batches(map_, fall_back=via is None)
    return through_bpftool(map_, "id", str(map_.id))


def through_bpftool(map_: Map, *named: str) -> Iterator[Chunk]:
    return _read(map_, proc.start(bpftool.command("map", "dump", *named)))


def _read(map_: Map, running: proc.RunningQuery) -> Iterator[Chunk]:
    with closing(_whole(map_, running)) as pieces:
        yield from found(map_, pieces)


def keys_in_use(map_: Map) -> Iterator[Chunk]:
    """Of a map whose values only the kernel knows: those that there are, or those that a program finds."""
    from xdpctl.tools.libbpf import sockets

    if map_.type == "sockhash":
        shape = Shape(map_.bytes_key, map_.bytes_value, map_.per_cpu, keys_alone=True)
        with closing(_whole(map_, proc.start(bpftool.command("map", "dump", "id", str(map_.id))))) as pieces:
            yield from chunks(pieces, shape)
    elif sockets.can_look():
        proc.remark(f"bpf_prog_load of libbpf: a program that looks up each key of map id {map_.id}")
        keys = b"".join(sockets.keys_in_use(map_))
        yield Chunk(keys=keys, values=b"", key_size=map_.bytes_key, stride=map_.bytes_value)
    else:
        raise refusals.not_told(map_, "which keys are in use can be seen with libbpf 1.0 or newer")


def found(map_: Map, pieces: Iterable[bytes]) -> Iterator[Chunk]:
    """What bpftool printed of a map; it goes from key to key, and begins again where one was deleted."""
    all_ = chunks(pieces, Shape(map_.bytes_key, map_.bytes_value, map_.per_cpu))
    count = 0
    try:
        for chunk in _once(all_, map_.max_entries) if map_.elements_come_singly else all_:
            count += len(chunk)
            yield chunk
    except Untold as untold:
        if refusals.holds_bytes(map_):
            raise Refused(f"{map_.name} can't be dumped: bpftool: {untold.message}") from None
        raise refusals.not_told(map_, untold.message) from None
    if refusals.is_fixed(map_) and count != map_.max_entries:
        raise answers.unreadable("bpftool", f"{count} of the {map_.max_entries} elements of {map_.name}")


def _whole(map_: Map, running: proc.RunningQuery) -> Generator[bytes, None, None]:
    """What bpftool prints, if it ends well; the last of it comes after that is known."""
    first = b""
    for piece in running.pieces():
        first = first or piece
        yield piece
    result = running.ended(first)
    if not result.ok or bpftool.reports_error(result):
        raise failure(map_, result)


def failure(map_: Map, result: proc.Result) -> XdpctlError:
    """Why a map wasn't dumped."""
    reason = bpftool.reason_of(result)
    if bpftool.is_missing(reason):
        return refusals.gone(map_)
    if result.status in NOT_OFFERED and result.out.strip() == b"[]" and not refusals.holds_bytes(map_):
        return refusals.not_told(map_, reason)
    error = bpftool.failure(result)
    return type(error)(f"{map_.name} can't be dumped: {error.message}", *error.hints)


def _once(found: Iterable[Chunk], expected: int) -> Iterator[Chunk]:
    """Each element once, and none that had gone before its value was read."""
    seen = Seen(expected)
    return (seen.only_new(chunk) for chunk in found if chunk.values)


def _batches(map_: Map, fall_back: bool) -> Iterator[Chunk]:
    from xdpctl.tools.libbpf import maps

    found = maps.batches(map_)
    try:
        first = list(islice(found, 1))
    except maps.NoBatches:
        if not fall_back:
            raise
        return through_bpftool(map_, "id", str(map_.id))
    proc.remark(f"bpf_map_lookup_batch of libbpf, on map id {map_.id} up to its end")
    return chain(first, found)
