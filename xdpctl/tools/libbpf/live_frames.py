"""Frames that the kernel sends by running a program which redirects them: millions a second from one CPU."""

import ctypes
import errno
import signal
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from msgspec.structs import replace

from xdpctl.core.packets import sender_program
from xdpctl.core.packets.sender_program import FRACTION, SenderState, state_of
from xdpctl.errors import Refused
from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import CallRefused
from xdpctl.tools.libbpf.programs import TestRunOptions

LONGEST = 3328
"""A page has room for no longer one, beside what the kernel keeps in it."""
_ARRAY, _XDP = 2, 6
_LIVE = 1 << 1
"""BPF_F_TEST_XDP_LIVE_FRAMES."""
AT_ONCE = 1 << 22
"""Runs of one call: Ctrl-C ends it, unless that came in the moment before."""
WAITING = 1 << 26
"""At a rate: most runs send nothing, since nothing is due."""
SPARE = 0.05
"""Seconds for what comes late; what a call begins and ends with takes nearly as long."""
LONGEST_CALL = 3600.0
"""Seconds."""
_CALLS = (
    "bpf_map_create",
    "bpf_map_lookup_elem",
    "bpf_map_update_batch",
    "bpf_map_update_elem",
    "bpf_prog_load",
    "bpf_prog_test_run_opts",
)
_KEY = struct.pack("=I", 0)
Came = Callable[[], int]
"""Which signal has come, or 0."""


def can_send() -> bool:
    """Whether libbpf is there, and is 0.7 or newer; the kernel has to be 5.18 or newer too."""
    return libbpf.can(*_CALLS)


class LiveFrames:
    """A program that sends, and what it sends."""

    def __init__(self, state: int, packets: int, program: int, longest: int) -> None:
        self._state, self._packets, self._program = state, packets, program
        self._longest = longest

    def fill(self, frames: Sequence[bytes]) -> None:
        """The packets that are sent from now on, one after the other, and then from the first again."""
        count = ctypes.c_uint32(len(frames))
        keys = struct.pack(f"={len(frames)}I", *range(len(frames)))
        values = sender_program.elements(frames, self._longest)
        libbpf.function("bpf_map_update_batch")(self._packets, keys, values, ctypes.byref(count), None)
        self._write(replace(self.state(), next=0, held=len(frames)))

    def begin(self, rate: float | None) -> None:
        """From here on, packets are due at this rate."""
        if rate is not None:
            gap = max(1, round(10**9 * (1 << FRACTION) / rate))
            self._write(replace(self.state(), began=time.monotonic_ns(), gap=gap))

    def state(self) -> SenderState:
        found = ctypes.create_string_buffer(sender_program.STATE_SIZE)
        libbpf.function("bpf_map_lookup_elem")(self._state, _KEY, found)
        return state_of(found.raw)

    def send(self, limit: int, came: Came) -> SenderState:
        """Send until there were so many in all, or a signal comes."""
        self._write(replace(self.state(), limit=limit))
        while (state := self.state()).packets < limit and not came():
            left = limit - state.packets
            if state.gap:
                with _woken(left * state.gap / (1 << FRACTION) / 10**9 + SPARE):
                    self._run(WAITING)
                continue
            self._run(min(left, AT_ONCE))
            if self.state().packets == state.packets and not came():
                raise Refused(f"the kernel sent nothing after {state.packets} packets")
        return state

    def _run(self, repeat: int) -> None:
        frame = bytes(self._longest)
        options = TestRunOptions(data_in=frame, data_size_in=len(frame), repeat=repeat, flags=_LIVE)
        try:
            libbpf.function("bpf_prog_test_run_opts")(self._program, ctypes.byref(options))
        except CallRefused as refused:
            if refused.number != errno.EINTR:
                raise

    def _write(self, state: SenderState) -> None:
        libbpf.function("bpf_map_update_elem")(self._state, _KEY, state.packed(), 0)


@contextmanager
def opened(ifindex: int, longest: int, places: int) -> Iterator[LiveFrames]:
    """For frames of such a length at most, so many of which are held at once."""
    create, load = libbpf.function("bpf_map_create"), libbpf.function("bpf_prog_load")
    room = sender_program.room(longest)
    with (
        libbpf.owned(create(_ARRAY, b"send_state", 4, sender_program.STATE_SIZE, 1, None)) as state,
        libbpf.owned(create(_ARRAY, b"send_packets", 4, room, places, None)) as packets,
    ):
        code = sender_program.program(state, packets, ifindex, longest)
        with libbpf.owned(load(_XDP, b"xdpctl_send", b"GPL", code, len(code) // 8, None)) as program:
            yield LiveFrames(state, packets, program, longest)


@contextmanager
def _woken(seconds: float) -> Iterator[None]:
    """What waits in the kernel is interrupted then, and again and again, in case it had yet to begin."""

    def nothing(_number: int, _frame: FrameType | None) -> None:
        pass

    before = signal.signal(signal.SIGALRM, nothing)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, LONGEST_CALL), 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
