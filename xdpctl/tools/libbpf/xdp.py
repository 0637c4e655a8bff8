"""Programs put on devices, and taken off, only where the expected one runs: nobody can come in between."""

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from xdpctl.core.machine import tool_errors
from xdpctl.core.machine.model import Device, Mode
from xdpctl.errors import DeviceBusy, Gone, NotAsExpected, NotPermitted, Refused
from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import CallRefused
from xdpctl.tools.netns import HERE, Netns, entered

NO_PROGRAM = -1
"""Expected where none is to run."""
_FLAGS = {Mode.GENERIC: 1 << 1, Mode.NATIVE: 1 << 2, Mode.OFFLOAD: 1 << 3}
_LONGEST = 512
_PRINTER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


_KINDS = {
    errno.EEXIST: NotAsExpected,
    errno.EBUSY: DeviceBusy,
    errno.ENODEV: Gone,
    errno.EPERM: NotPermitted,
}


class _XdpOptions(libbpf.Options):
    """struct bpf_xdp_attach_opts."""

    _fields_ = (("sz", ctypes.c_size_t), ("old_prog_fd", ctypes.c_int))


def attach(device: Device, program: int, mode: Mode, expected: int = NO_PROGRAM, netns: Netns = HERE) -> None:
    """Put an open program on a device, in place of the open one that is expected there in this mode."""
    with _told(f"attach to {device.ifname}{netns.label}"), entered(netns):
        options = ctypes.byref(_XdpOptions(old_prog_fd=expected))
        libbpf.function("bpf_xdp_attach")(device.ifindex, program, _FLAGS[mode], options)


def detach(device: Device, mode: Mode, expected: int, netns: Netns = HERE) -> None:
    """Take the open program that is expected there off a device."""
    with _told(f"detach from {device.ifname}{netns.label}"), entered(netns):
        options = ctypes.byref(_XdpOptions(old_prog_fd=expected))
        libbpf.function("bpf_xdp_detach")(device.ifindex, _FLAGS[mode], options)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Why it isn't done, in the words of the kernel, which libbpf would print."""
    with _printed() as log:
        try:
            yield
        except CallRefused as refused:
            kernel = "".join(log).partition("Kernel error message: ")[2].strip()
            words = kernel or os.strerror(refused.number)
            said = f"Error: {words}\n" if kernel else f"RTNETLINK answers: {words}\n"  # as ip says it
            kind = _KINDS.get(refused.number, Refused)
            hints = tool_errors.attach_failure(said)
            raise kind(f"failed to {what}: {words}", *hints, log=said) from None


@contextmanager
def _printed() -> Iterator[list[str]]:
    """What libbpf would print to stderr; from here on it prints nothing."""
    texts: list[str] = []
    print_by = libbpf.function("libbpf_set_print")
    format_ = ctypes.CDLL(None).vsnprintf
    format_.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p)

    def note(_level: int, pattern: bytes, values: int) -> int:
        text = ctypes.create_string_buffer(_LONGEST)
        format_(text, _LONGEST, pattern, values)
        texts.append(text.value.decode(errors="replace"))
        return 0

    printer = _PRINTER(note)
    print_by(printer)
    try:
        yield texts
    finally:
        print_by(None)
