"""What a driver counts beside what every device does, as `ethtool -S` shows it."""

import array
import fcntl
import os
import socket
import struct

_SIOCETHTOOL = 0x8946
_STRINGS, _STATISTICS, _SET_INFO = 0x1B, 0x1D, 0x37
_OF_STATISTICS = 1
_NAME = 32


def statistics(device: str) -> dict[str, int]:
    """Of a device of the namespace that this thread is in; none where its driver tells none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
        try:
            told = _ask(any_, device, struct.pack("=IIQI", _SET_INFO, 0, 1 << _OF_STATISTICS, 0))
            count = struct.unpack_from("=I", told, 16)[0]
            names = _ask(any_, device, struct.pack("=III", _STRINGS, _OF_STATISTICS, count), _NAME * count)[
                12:
            ]
            values = _ask(any_, device, struct.pack("=II", _STATISTICS, count), 8 * count)[8:]
        except OSError:
            return {}
    numbers = struct.unpack(f"={count}Q", values)
    parts = (names[at : at + _NAME] for at in range(0, len(names), _NAME))
    return {
        part.partition(b"\0")[0].decode(errors="replace"): number
        for part, number in zip(parts, numbers, strict=True)
    }


def _ask(any_: socket.socket, device: str, command: bytes, answer: int = 0) -> bytes:
    room = array.array("B", command + bytes(answer))
    fcntl.ioctl(any_, _SIOCETHTOOL, struct.pack("16sQ16x", os.fsencode(device), room.buffer_info()[0]))
    return room.tobytes()
