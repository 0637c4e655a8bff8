"""Many elements with each system call: bpf_map_lookup_batch of libbpf, which bpftool doesn't use."""

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterable, Iterator
from functools import cache

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.chunk import Chunk, slot
from xdpctl.core.maps.refusals import NOT_SUPPORTED
from xdpctl.errors import Gone, HostLacks, Refused
from xdpctl.tools import executables

NAMES = ("libbpf.so.1", "libbpf.so.0")
AT_ONCE = 8192
"""Elements of one call; as many as the kernel needs, where more are in one bucket of a hash."""


class NoBatches(Refused):
    """The kernel doesn't read maps of this type so."""


@cache
def _found() -> tuple[str, ctypes.CDLL | None]:
    for name in NAMES:
        with contextlib.suppress(OSError):
            return name, ctypes.CDLL(name, use_errno=True)
    return "", None


def installed() -> str:
    """The name of the library, empty without one."""
    return _found()[0]


def count_runs() -> int:
    """A file: as long as it is open, the kernel counts how often programs run. Negative where it can't."""
    enable = getattr(_found()[1], "bpf_enable_stats", None)
    return -1 if enable is None else int(enable(0))


def library() -> ctypes.CDLL:
    found = _found()[1]
    if found is None:
        raise HostLacks("libbpf isn't installed", executables.install_hint("libbpf"))
    return found


def change(map_: Map, changes: Iterable[tuple[bytes, bytes | None]], flags: int) -> Iterator[int]:
    """Write elements, or delete those without a value, as they are asked for; the kernel's errno for each."""
    found = library()
    write, delete = found.bpf_map_update_elem, found.bpf_map_delete_elem
    write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64)
    delete.argtypes = (ctypes.c_int, ctypes.c_char_p)
    fd = _open(found, map_.id)
    try:
        for key, value in changes:
            yield errno_of(delete(fd, key) if value is None else write(fd, key, value, flags))
    finally:
        os.close(fd)


def chunks(map_: Map) -> Iterator[Chunk]:
    """All elements; of a hash, those that are there all the time come exactly once."""
    library = _found()[1]
    if library is None:
        raise HostLacks("libbpf isn't installed, which reads maps in batches", "xdpctl dump --via bpftool")
    fd = _open(library, map_.id)
    try:
        yield from _chunks(library, fd, map_)
    finally:
        os.close(fd)


def _chunks(library: ctypes.CDLL, fd: int, map_: Map) -> Iterator[Chunk]:
    cpus = library.libbpf_num_possible_cpus() if map_.per_cpu else 1
    stride = slot(map_.bytes_value) if map_.per_cpu else map_.bytes_value
    position, after = None, ctypes.create_string_buffer(max(4, map_.bytes_key))
    room, last = min(AT_ONCE, max(1, map_.max_entries)), False
    keys = values = ctypes.create_string_buffer(0)
    while not last:
        if len(keys) < room * map_.bytes_key:
            keys = ctypes.create_string_buffer(room * map_.bytes_key)
            values = ctypes.create_string_buffer(room * stride * cpus)
        count = ctypes.c_uint32(room)
        failure = errno_of(
            library.bpf_map_lookup_batch(fd, position, after, keys, values, ctypes.byref(count), None)
        )
        if failure == errno.ENOSPC:
            room *= 2
            continue
        last = failure == errno.ENOENT
        if failure and not last:
            raise _refusal(map_, failure)
        if count.value:
            size = count.value * stride * cpus
            yield Chunk(
                keys.raw[: count.value * map_.bytes_key], values.raw[:size], map_.bytes_key, stride, cpus
            )
        position = ctypes.create_string_buffer(after.raw, len(after))


def _open(library: ctypes.CDLL, id_: MapId) -> int:
    fd: int = library.bpf_map_get_fd_by_id(id_)
    if fd >= 0:
        return fd
    error = errno_of(fd)
    if error == errno.ENOENT:
        raise Gone(f"the map with id {id_} has gone meanwhile", "xdpctl map list shows maps")
    raise Refused(f"the map with id {id_} can't be opened: {os.strerror(error)}")


def errno_of(result: int) -> int:
    """libbpf 1 gives the number, older ones leave it where the C library does."""
    return 0 if result >= 0 else -result if result < -1 else ctypes.get_errno()


def _refusal(map_: Map, failure: int) -> Refused:
    if failure in (NOT_SUPPORTED, errno.EINVAL, errno.EOPNOTSUPP):
        return NoBatches(
            f"the kernel doesn't read {map_.name}, a {map_.type} map, in batches",
            "xdpctl dump --via bpftool",
        )
    return Refused(f"{map_.name} can't be read in batches: {os.strerror(failure)}")
