"""Maps read in batches, which bpftool doesn't do, and written element by element."""

import ctypes
import errno
import os
from collections.abc import Iterable, Iterator

from xdpctl.core.machine.model import Map
from xdpctl.core.maps.chunk import Chunk, slot
from xdpctl.core.maps.refusals import NOT_SUPPORTED
from xdpctl.core.wording import one
from xdpctl.errors import HostLacks, NotOffered, Refused
from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import CallRefused
from xdpctl.tools.libbpf.opening import open_map

AT_ONCE = 8192
"""Elements of one call; as many as the kernel needs, where more are in one bucket of a hash."""


class NoBatches(NotOffered):
    """The kernel doesn't read maps of this type so."""


def change(map_: Map, changes: Iterable[tuple[bytes, bytes | None]], flags: int) -> Iterator[int]:
    """Write elements, or delete those without a value, as they are asked for; the kernel's errno for each."""
    write, delete = map(libbpf.function, ("bpf_map_update_elem", "bpf_map_delete_elem"))
    with open_map(map_.id, flags=0) as fd:
        for key, value in changes:
            try:
                done = delete(fd, key) if value is None else write(fd, key, value, flags)
            except CallRefused as refused:
                done = refused.number
            yield done


def batches(map_: Map) -> Iterator[Chunk]:
    """All elements; of a hash, those that are there all the time come exactly once."""
    if not libbpf.installed():
        raise HostLacks("libbpf isn't installed, which reads maps in batches", "xdpctl dump --via bpftool")
    with open_map(map_.id) as fd:
        yield from _batches(fd, map_)


def _batches(fd: int, map_: Map) -> Iterator[Chunk]:
    lookup = libbpf.function("bpf_map_lookup_batch")
    cpus = libbpf.function("libbpf_num_possible_cpus")() if map_.per_cpu else 1
    stride = slot(map_.bytes_value) if map_.per_cpu else map_.bytes_value
    position, after = None, ctypes.create_string_buffer(max(4, map_.bytes_key))
    room, last = min(AT_ONCE, max(1, map_.max_entries)), False
    keys = values = ctypes.create_string_buffer(0)
    while not last:
        if len(keys) < room * map_.bytes_key:
            keys = ctypes.create_string_buffer(room * map_.bytes_key)
            values = ctypes.create_string_buffer(room * stride * cpus)
        count = ctypes.c_uint32(room)
        try:
            lookup(fd, position, after, keys, values, ctypes.byref(count), None)
        except CallRefused as refused:
            if refused.number == errno.ENOSPC:
                room *= 2
                continue
            last = refused.number == errno.ENOENT
            if not last:
                raise _refusal(map_, refused.number) from None
        if count.value:
            size = count.value * stride * cpus
            yield Chunk(
                keys=keys.raw[: count.value * map_.bytes_key],
                values=values.raw[:size],
                key_size=map_.bytes_key,
                stride=stride,
                cpus=cpus,
            )
        position = ctypes.create_string_buffer(after.raw, len(after))


def _refusal(map_: Map, number: int) -> Refused:
    if number in (NOT_SUPPORTED, errno.EINVAL, errno.EOPNOTSUPP):
        return NoBatches(
            f"the kernel doesn't read {map_.name}, {one(f'{map_.type} map')}, in batches",
            "xdpctl dump --via bpftool",
        )
    return Refused(f"{map_.name} can't be read in batches: {os.strerror(number)}")
