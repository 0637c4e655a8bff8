"""A packet socket as it is where the kernel doesn't take everything at once."""

import errno
import socket
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import cast

import pytest

from xdpctl.errors import Gone, Refused
from xdpctl.tools.packet_socket import PacketSender


class Answers:
    """Takes what is sent, or raises what is next in a list."""

    def __init__(self, answers: Sequence[int]) -> None:
        self._answers = [*answers]
        self.sent: list[bytes] = []

    def send(self, frame: bytes) -> None:
        if number := self._answers.pop(0) if self._answers else 0:
            raise OSError(number, "")
        self.sent.append(frame)


def sender(answers: Answers, came: Callable[[], int] = lambda: 0) -> PacketSender:
    return PacketSender("veth1", cast(socket.socket, answers), came)


def test_what_the_queue_refuses_is_counted() -> None:
    answers = Answers([0, errno.ENOBUFS, errno.ENOBUFS])
    begun = sender(answers)
    begun.send(repeat(b"12345"), 10)
    assert (begun.packets, begun.bytes, begun.refused, len(answers.sent)) == (10, 50, 2, 8)


def test_a_full_device_is_waited_for() -> None:
    """And the frame that it didn't take is sent, not the next."""
    answers = Answers([0, errno.EAGAIN, errno.EAGAIN])
    begun = sender(answers)
    begun.send(iter([b"1", b"2", b"3"]), 3)
    assert (begun.packets, begun.refused, answers.sent) == (3, 0, [b"1", b"2", b"3"])


def test_ctrl_c_ends_waiting() -> None:
    begun = sender(Answers([0, *[errno.EAGAIN] * 9]), iter([0, 2, 2]).__next__)
    begun.send(repeat(b"1"), 3)
    assert begun.packets == 1


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENETDOWN, Refused, "veth1 takes no more after 1 packet: Network is down"),
        (errno.ENXIO, Gone, "veth1 takes no more after 1 packet: No such device or address"),
    ],
)
def test_a_device_that_goes(number: int, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        sender(Answers([0, number])).send(repeat(b"1"), 5)
