"""The XDP program that sends: each run makes its frame the next packet, and redirects it to a device.

How far it has come stands in a map of one element, the packets in another one. The kernel uses its pages
again with whatever a receiver made of them, so that all of a packet is written each time.
"""

import struct
import sys
from collections.abc import Iterable, Sequence

from msgspec import Struct

FRACTION = 10
"""Bits of a nanosecond, without which a rate wouldn't be kept."""
LATE = 1_000_000_000
"""Nanoseconds; what is later isn't caught up with, since that would be a burst."""
_STATE = struct.Struct("=6Q2I")
STATE_SIZE = _STATE.size
_PACKETS, _BYTES, _LIMIT, _BEGAN, _GAP, _LAST, _NEXT, _HELD = 0, 8, 16, 24, 32, 40, 48, 52
"""Where each member of the state is."""
_HEAD = 8
"""Bytes before each packet, which tell how long it is."""
_SHORTEST = 14
_LOOKUP, _NOW, _REDIRECT, _ADJUST_TAIL, _STORE_BYTES = 1, 5, 23, 65, 190
_XDP_DROP = 1


class SenderState(Struct, frozen=True):
    packets: int = 0
    """So many were sent."""
    size: int = 0
    """Their bytes."""
    limit: int = 0
    """So many are sent in all."""
    began: int = 0
    """Nanoseconds of the monotonic clock, where there is a rate."""
    gap: int = 0
    """Between two packets, in fractions of a nanosecond; 0 without a rate."""
    last: int = 0
    """When the last packet was sent, where there is a rate."""
    next: int = 0
    """The place of the next packet, and how many places there are."""
    held: int = 0

    def packed(self) -> bytes:
        members = (self.packets, self.size, self.limit, self.began, self.gap, self.last)
        return _STATE.pack(*members, self.next, self.held)


def state_of(data: bytes) -> SenderState:
    packets, size, limit, began, gap, last, next_, held = _STATE.unpack(data)
    return SenderState(
        packets=packets,
        size=size,
        limit=limit,
        began=began,
        gap=gap,
        last=last,
        next=next_,
        held=held,
    )


def room(longest: int) -> int:
    """Bytes of an element that holds any of the packets."""
    return _HEAD + -(-longest // 8) * 8


def elements(packets: Iterable[bytes], longest: int) -> bytes:
    size = room(longest)
    return b"".join((struct.pack("=Q", len(packet)) + packet).ljust(size, b"\0") for packet in packets)


def program(state: int, packets: int, ifindex: int, longest: int) -> bytes:
    """Of the descriptors of both maps; `longest` is the length of the frames that it is given."""
    ended = _Jump(0x3D, 8, 1)  # if packets >= limit
    code = [
        *(_op(0xBF, 6, 1), _op(0x62, 10, 0, -4, 0)),  # r6 = ctx, key = 0
        *_look_up(state, 7),
        *(_op(0x79, 8, 7, _PACKETS), _op(0x79, 1, 7, _LIMIT), ended),
        *_when_due(),
        *(_op(0x61, 1, 7, _NEXT), _op(0x63, 10, 1, -4)),  # key = next
        *_look_up(packets, 9),
        *(_op(0x61, 8, 9), _Jump(0x25, 8, number=longest), _Jump(0xA5, 8, number=_SHORTEST)),  # r8 = length
        *(_op(0xBF, 1, 6), _op(0xBF, 2, 8), _op(0x07, 2, number=-longest), _call(_ADJUST_TAIL)),
        _Jump(0x55, 0),
        *(_op(0xBF, 1, 6), _op(0xB7, 2), _op(0xBF, 3, 9), _op(0x07, 3, number=_HEAD), _op(0xBF, 4, 8)),
        *(_call(_STORE_BYTES), _Jump(0x55, 0)),
        *_count(),
        *(_op(0xB7, 1, number=ifindex), _op(0xB7, 2), _call(_REDIRECT), _op(0x95)),
    ]
    return _joined(code)


class _Jump(Struct, frozen=True):
    """To the end, where the frame is dropped."""

    code: int
    left: int
    right: int = 0
    number: int = 0


def _look_up(map_: int, to: int) -> Sequence[bytes | _Jump]:
    """The element of the key in a register; nothing is sent where there is none."""
    opened = (_op(0x18, 1, 1, number=map_), _op(0))
    return (*opened, _op(0xBF, 2, 10), _op(0x07, 2, number=-4), _call(_LOOKUP), _Jump(0x15, 0), _op(0xBF, to))


def _when_due() -> Sequence[bytes | _Jump]:
    """At a rate, a packet is due so many gaps after the first."""
    due = (_op(0xBF, 1, 8), _op(0x2F, 1, 9), _op(0x77, 1, number=FRACTION), _op(0x79, 2, 7, _BEGAN))
    late = (_op(0xBF, 2, 0), _op(0x1F, 2, 1))  # r2 = now - due
    put_off = (_op(0x79, 1, 7, _BEGAN), _op(0x0F, 1, 2), _op(0x7B, 7, 1, _BEGAN))
    timed = (
        *(_call(_NOW), *due, _op(0x0F, 1, 2), _Jump(0xAD, 0, 1)),
        *(_op(0x7B, 7, 0, _LAST), *late, _op(0xB5, 2, offset=len(put_off), number=LATE), *put_off),
    )
    return (_op(0x79, 9, 7, _GAP), _op(0x15, 9, offset=len(timed)), *timed)


def _count() -> Sequence[bytes | _Jump]:
    """One packet more, and which is the next: after the last it is the first again."""
    sums = (
        *(_op(0x79, 1, 7, _PACKETS), _op(0x07, 1, number=1), _op(0x7B, 7, 1, _PACKETS)),
        *(_op(0x79, 1, 7, _BYTES), _op(0x0F, 1, 8), _op(0x7B, 7, 1, _BYTES)),
    )
    step = (_op(0x61, 1, 7, _NEXT), _op(0x07, 1, number=1), _op(0x61, 2, 7, _HELD))
    return (*sums, *step, _op(0xAD, 1, 2, 1), _op(0xB7, 1), _op(0x63, 7, 1, _NEXT))


def _joined(code: Sequence[bytes | _Jump]) -> bytes:
    end = len(code)
    placed = (
        _op(one.code, one.left, one.right, end - place - 1, one.number) if isinstance(one, _Jump) else one
        for place, one in enumerate(code)
    )
    return b"".join((*placed, _op(0xB7, number=_XDP_DROP), _op(0x95)))


def _call(helper: int) -> bytes:
    return _op(0x85, number=helper)


def _op(code: int, to: int = 0, from_: int = 0, offset: int = 0, number: int = 0) -> bytes:
    registers = to | from_ << 4 if sys.byteorder == "little" else to << 4 | from_
    return struct.pack("=BBhi", code, registers, offset, number)
