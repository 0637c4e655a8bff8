"""A packet socket (AF_PACKET): frames out of any device, as fast as they are asked for."""

import errno
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from itertools import islice

from xdpctl.core.wording import packets
from xdpctl.errors import Gone, Refused, XdpctlError
from xdpctl.tools.netns import Netns, entered

AT_ONCE = 64
"""Packets between two looks at the clock and for Ctrl-C: fewer than the ring of any device holds."""
LATE = 1.0
"""Seconds; what is later isn't caught up with, since that would be a burst."""
LONGEST_SLEEP = 0.2
PATIENCE = struct.pack("@ll", 0, 200_000)
"""Seconds and microseconds that a full device may keep it from looking for Ctrl-C."""
FRAMES_ALONE = 0
"""The protocol of a socket that receives nothing."""


class PacketSender:
    """What went through a socket so far."""

    def __init__(self, device: str, bound: socket.socket, came: Callable[[], int]) -> None:
        """`came` tells which signal has come, or 0: that ends it."""
        self._device, self._socket, self._came = device, bound, came
        self.packets = self.bytes = self.refused = 0
        """Of these packets, the device's queue had no room for so many."""
        self.seconds = 0.0

    def send(self, frames: Iterator[bytes], count: int) -> None:
        """As fast as it goes, until so many were sent."""
        began = time.monotonic()
        while self.packets < count and not self._came():
            self._send(frames, min(AT_ONCE, count - self.packets))
        self.seconds = time.monotonic() - began

    def send_at(self, rate: float, frames: Iterator[bytes], count: int) -> None:
        """Packet by packet, as each is due."""
        began = now = time.monotonic()
        while self.packets < count and not self._came():
            now = time.monotonic()
            late = now - (began + self.packets / rate)
            if late > LATE:
                began += late
                late = 0.0
            if late < 0:
                time.sleep(min(-late, LONGEST_SLEEP))
            else:
                self._send(frames, min(1 + int(late * rate), AT_ONCE, count - self.packets))
        self.seconds = now - began + 1 / rate  # the last one's share of it, too

    def _send(self, frames: Iterator[bytes], number: int) -> None:
        for frame in islice(frames, number):
            while not self._is_out(frame):
                if self._came():
                    return
            self.packets += 1
            self.bytes += len(frame)

    def _is_out(self, frame: bytes) -> bool:
        """Or was refused; not yet, where nothing leaves the device for the moment."""
        try:
            self._socket.send(frame)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise self._failed(error) from None
            self.refused += 1
        return True

    def _failed(self, error: OSError) -> XdpctlError:
        kind = Gone if error.errno in (errno.ENODEV, errno.ENXIO) else Refused
        said = os.strerror(error.errno or 0)
        return kind(f"{self._device} takes no more after {packets(self.packets)}: {said}")


def opened(device: str, netns: Netns) -> socket.socket:
    """Bound to a device; it stays in that namespace, wherever this process goes."""
    with entered(netns):
        found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, FRAMES_ALONE)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, PATIENCE)
        try:
            found.bind((device, FRAMES_ALONE))
        except UnicodeEncodeError:
            found.close()
            raise Refused(f"{device} can't be sent out of: its name is no UTF-8") from None
        except OSError as error:
            found.close()
            raise Gone(
                f"{device}{netns.label} can't be sent out of: {os.strerror(error.errno or 0)}"
            ) from None
    return found
