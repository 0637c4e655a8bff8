"""Which keys of a map of sockets are in use: user space isn't told, and a program can see it.

It is loaded for that, looks up the key that is in its packet, and is run where no packet of the machine is.
"""

import struct
import sys
from collections.abc import Iterator

from xdpctl.core.machine.model import Map
from xdpctl.tools import libbpf
from xdpctl.tools.libbpf import programs
from xdpctl.tools.libbpf.opening import open_map

_XDP = 6
_LOOKUP, _RELEASE = 1, 86
"""Helpers of the kernel: bpf_map_lookup_elem, bpf_sk_release."""
_IN_USE = 1
_SHORTEST = 14
"""Bytes of a packet."""


def can_look() -> bool:
    """Before libbpf 1.0 the call of this name took something else."""
    return libbpf.installed() == libbpf.NAMES[0] and libbpf.can("bpf_prog_load", "bpf_prog_test_run_opts")


def keys_in_use(map_: Map) -> Iterator[bytes]:
    """Keys are numbers of places."""
    with open_map(map_.id) as fd:
        code = _program(fd, counted=map_.type == "sockmap")
        load = libbpf.function("bpf_prog_load")
        with libbpf.owned(load(_XDP, b"keys_in_use", b"GPL", code, len(code) // 8, None)) as program:
            for number in range(map_.max_entries):
                key = struct.pack("=I", number)
                if programs.run(program, key.ljust(_SHORTEST, b"\0")).returned == _IN_USE:
                    yield key


def _program(map_fd: int, counted: bool) -> bytes:
    """What is found in a sockmap is counted, and has to be given back."""
    release = [_instruction(0xBF, 1, 0), _instruction(0x85, number=_RELEASE)] if counted else []
    behind = len(release)
    return b"".join(
        [
            _instruction(0x61, 2, 1),  # r2 = ctx->data
            _instruction(0x61, 3, 1, 4),  # r3 = ctx->data_end
            _instruction(0xB7),  # r0 = 0
            _instruction(0xBF, 4, 2),
            _instruction(0x07, 4, number=4),
            _instruction(0x2D, 4, 3, 9 + behind),  # if r2 + 4 > r3: end
            _instruction(0x61, 4, 2),
            _instruction(0x63, 10, 4, -4),  # key = *r2
            _instruction(0xBF, 2, 10),
            _instruction(0x07, 2, number=-4),
            _instruction(0x18, 1, 1, number=map_fd),
            _instruction(0),
            _instruction(0x85, number=_LOOKUP),
            _instruction(0x15, offset=1 + behind),  # if nothing was found: end
            *release,
            _instruction(0xB7, number=_IN_USE),
            _instruction(0x95),
        ]
    )


def _instruction(code: int, to: int = 0, from_: int = 0, offset: int = 0, number: int = 0) -> bytes:
    registers = to | from_ << 4 if sys.byteorder == "little" else to << 4 | from_
    return struct.pack("=BBhi", code, registers, offset, number)
