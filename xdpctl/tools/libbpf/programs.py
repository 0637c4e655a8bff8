"""Programs run on packets, on whichever CPU; and having the kernel count how often they run."""

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from msgspec import Struct

from xdpctl.core.packets.run_counts import Run
from xdpctl.core.packets.samples import Packet
from xdpctl.errors import BadRequest, Refused
from xdpctl.tools import host, libbpf
from xdpctl.tools.libbpf import CallRefused

ROOM = 1 << 17
"""Bytes that a packet may have in the end."""


class TestRunOptions(libbpf.Options):
    """struct bpf_test_run_opts, as far as the kernel takes it for XDP."""

    _fields_ = (
        ("sz", ctypes.c_size_t),
        ("data_in", ctypes.c_char_p),
        ("data_out", ctypes.c_void_p),
        ("data_size_in", ctypes.c_uint32),
        ("data_size_out", ctypes.c_uint32),
        ("ctx_in", ctypes.c_void_p),
        ("ctx_out", ctypes.c_void_p),
        ("ctx_size_in", ctypes.c_uint32),
        ("ctx_size_out", ctypes.c_uint32),
        ("retval", ctypes.c_uint32),
        ("repeat", ctypes.c_int),
        ("duration", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("cpu", ctypes.c_uint32),
    )


class ProgramRun(Struct, frozen=True):
    returned: int
    out: bytes
    """The packet as the program left it."""
    nanoseconds: int
    """How long it took, on average where it ran more than once."""


def run(program: int, packet: bytes, repeat: int = 1, cpu: int | None = None) -> ProgramRun:
    """An open program on a packet, so many times over."""
    out = ctypes.create_string_buffer(ROOM)
    options = TestRunOptions(
        data_in=packet,
        data_size_in=len(packet),
        data_out=ctypes.addressof(out),
        data_size_out=ROOM,
        repeat=repeat,
    )
    with nullcontext() if cpu is None else _on(cpu):
        libbpf.function("bpf_prog_test_run_opts")(program, ctypes.byref(options))
    return ProgramRun(options.retval, out.raw[: options.data_size_out], options.duration)


def run_each(program: int, packets: Iterable[Packet]) -> Iterator[Run]:
    """An open program on each packet, as they are asked for: what is made for the call is made once."""
    call = libbpf.function("bpf_prog_test_run_opts")
    out = bytearray(ROOM)
    options = TestRunOptions(data_out=ctypes.addressof(ctypes.c_char.from_buffer(out)), repeat=1)
    reference = ctypes.byref(options)
    for packet in packets:
        data = packet.data
        options.data_in, options.data_size_in, options.data_size_out = data, len(data), ROOM
        try:
            call(program, reference)
        except CallRefused as refused:
            raise Refused(f"packet {packet.name} can't be run: {os.strerror(refused.number)}") from None
        size = options.data_size_out
        yield Run(
            packet, options.retval, data if size == len(data) and out.startswith(data) else bytes(out[:size])
        )


def count_runs() -> AbstractContextManager[int]:
    """The kernel counts how often programs run, for as long as this lasts."""
    return libbpf.owned(libbpf.function("bpf_enable_stats")(0))


@contextmanager
def _on(cpu: int) -> Iterator[None]:
    """On this CPU alone: the kernel runs an XDP program where its caller is, whatever the options say."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {cpu})
    except (OSError, ValueError, OverflowError):
        known = ", ".join(map(str, host.cpus()))
        raise BadRequest(
            f"nothing can be run on CPU {cpu}: it isn't there, or not for us", f"known: {known}"
        ) from None
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
