"""Maps read and written in batches, which bpftool doesn't do, or written element by element."""

import ctypes
import errno
import os
from collections.abc import Iterator

from msgspec import Struct

from xdpctl.core.machine.model import Map
from xdpctl.core.maps.change import Change, How
from xdpctl.core.maps.chunk import Chunk, slot
from xdpctl.core.maps.refusals import NOT_SUPPORTED
from xdpctl.core.wording import one
from xdpctl.errors import HostLacks, NotOffered, Refused
from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import CallRefused
from xdpctl.tools.libbpf.opening import open_map

AT_ONCE = 8192
"""Elements of one call; as many as the kernel needs, where more are in one bucket of a hash."""


NOT_OFFERED = (NOT_SUPPORTED, errno.EINVAL, errno.EOPNOTSUPP)
"""What the kernel says where it has no such call for maps of a type."""


class NoBatches(NotOffered):
    """The kernel doesn't read maps of this type so."""


class Answer(Struct, frozen=True):
    """What became of some elements of a change."""

    done: int
    number: int = 0
    """The errno by which the one after those was refused."""


def change(change: Change) -> Iterator[Answer]:
    """Write elements, or delete those without a value, as answers are asked for.

    Many with one call, where maps of that type have it, and it isn't said whether elements may be there.
    """
    count = len(change.elements)
    with open_map(change.map.id, flags=0) as fd:
        begun = 0
        if batched(change):
            for answer in _in_batches(fd, change):
                if begun == 0 and answer.number in NOT_OFFERED:
                    break
                begun += answer.done + bool(answer.number)
                yield answer
        yield from _one_by_one(fd, change, begun, count)


def batched(change: Change) -> bool:
    call = "bpf_map_delete_batch" if change.deletes else "bpf_map_update_batch"
    return change.how is How.ANY and libbpf.can(call)


def _in_batches(fd: int, change: Change) -> Iterator[Answer]:
    """After one that was refused, it goes on with the next."""
    update, delete = map(libbpf.function, ("bpf_map_update_batch", "bpf_map_delete_batch"))
    place, all_ = 0, len(change.elements)
    while place < all_:
        asked = min(AT_ONCE, all_ - place)
        keys, values = change.packed(place, place + asked)
        count, number = ctypes.c_uint32(asked), 0
        try:
            if values:
                update(fd, keys, values, ctypes.byref(count), None)
            else:
                delete(fd, keys, ctypes.byref(count), None)
        except CallRefused as refused:
            number = refused.number
        done = 0 if number and count.value >= asked else count.value  # it isn't told where none was tried
        yield Answer(done, number)
        place += done + bool(number)


def _one_by_one(fd: int, change: Change, begin: int, end: int) -> Iterator[Answer]:
    write, delete = map(libbpf.function, ("bpf_map_update_elem", "bpf_map_delete_elem"))
    for place in range(begin, end):
        key, value = change.packed(place, place + 1)
        try:
            if value:
                write(fd, key, value, change.how.flag)
            else:
                delete(fd, key)
            yield Answer(1)
        except CallRefused as refused:
            yield Answer(0, refused.number)


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
    if number in NOT_OFFERED:
        return NoBatches(
            f"the kernel doesn't read {map_.name}, {one(f'{map_.type} map')}, in batches",
            "xdpctl dump --via bpftool",
        )
    return Refused(f"{map_.name} can't be read in batches: {os.strerror(number)}")
