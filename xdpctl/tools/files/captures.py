"""Where packets to run come from: given one by one, or a capture in a file or a pipe."""

import gzip
import io
import shutil
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any, BinaryIO, cast

from msgspec import Struct

from xdpctl.core.packets import pcap
from xdpctl.core.packets.samples import Packet, reason_not_to_run
from xdpctl.core.packets.survey import Survey
from xdpctl.errors import BadRequest, FileInvalid, FileUnusable

GZIP = b"\x1f\x8b"
PIECE = 1 << 20


class Capture(Struct, frozen=True):
    """An open file, which is read from its start as often as is needed."""

    name: str
    file: BinaryIO

    def packets(self) -> Iterator[Packet]:
        """As they come; a file of any size will do. One that is cut off or damaged ends in BrokenCapture."""
        try:
            yield from pcap.packets(self._unpacked(), self.name)
        except EOFError:
            raise pcap.BrokenCapture(f"{self.name} is cut off where it is packed", "copy it again") from None
        except zlib.error as error:
            raise pcap.BrokenCapture(self._damaged(error), "copy it again") from error
        except gzip.BadGzipFile as error:  # its checksum is wrong, and nobody knows where
            raise FileInvalid(self._damaged(error), "copy it again") from error
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def _damaged(self, error: Exception) -> str:
        return f"{self.name} is damaged where it is packed: {error}"

    def _unpacked(self) -> BinaryIO:
        self.file.seek(0)
        packed = self.file.read(len(GZIP)) == GZIP
        self.file.seek(0)
        if not packed:
            return self.file
        return io.BufferedReader(_Unpacked(gzip.GzipFile(fileobj=self.file)), PIECE)


class _Unpacked(io.RawIOBase):
    """What is unpacked, piece by piece: where it is cut off, nothing before that is lost."""

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._packed.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


class Source(Struct, frozen=True):
    given: tuple[Packet, ...] = ()
    capture: Capture | None = None
    repeat: int = 1
    """How often each packet is run."""
    done: str = "run"
    """What becomes of packets, in words: they are run."""

    def runs(self, longest: int) -> Iterator[Packet]:
        """Those that can be run, each as often as is asked for."""
        try:
            packets = (packet for packet in self._packets() if not reason_not_to_run(packet, longest))
            again = chain.from_iterable(repeat(packet, self.repeat) for packet in packets)
            yield from packets if self.repeat == 1 else again
        except pcap.BrokenCapture:
            return

    def survey(self, longest: int) -> Survey:
        """Reads all of it, so that it is known what is damaged; a wrong packet that was given is refused."""
        runs = cut = widest = size = 0
        not_run: Counter[str] = Counter()
        broken = ""
        try:
            for packet in self._packets():
                if reason := reason_not_to_run(packet, longest):
                    not_run[reason] += 1
                    continue
                runs += 1
                cut += packet.length > len(packet.data)
                widest, size = max(widest, len(packet.name)), max(size, len(packet.data))
        except pcap.BrokenCapture as error:
            broken = error.message
            if not (runs or not_run):
                raise
        if not_run and self.capture is None:
            self._refuse_given(longest)
        if self.capture is not None and not runs:
            reasons = [
                f"{count} {'is' if count == 1 else 'are'} {reason}" for reason, count in not_run.items()
            ]
            raise BadRequest(f"{self.capture.name} holds no packet that can be {self.done}", *reasons)
        return Survey(
            runs=runs * self.repeat,
            not_run=dict(not_run),
            cut=cut,
            widest=widest,
            longest=size,
            broken=broken,
        )

    def _refuse_given(self, longest: int) -> None:
        for packet in self.given:
            if reason := reason_not_to_run(packet, longest):
                raise BadRequest(f"packet {packet.name} can't be {self.done}: it is {reason}")

    def _packets(self) -> Iterator[Packet]:
        return iter(self.given) if self.capture is None else self.capture.packets()


def opened(path: Path) -> Capture:
    """A capture; of a pipe, or of standard input for `-`, a copy, since it is read twice."""
    if str(path) == "-":
        return Capture("standard input", _copy("standard input", sys.stdin.buffer))
    if path.exists() and not (path.is_file() or path.is_fifo()):
        raise BadRequest(f"{path} is neither a file nor a pipe", "save the packets in a file first")
    try:
        file = path.open("rb", buffering=PIECE)
    except OSError as error:
        raise _unreadable(str(path), error) from error
    return Capture(str(path), file if file.seekable() else _copy(str(path), file))


def _copy(name: str, pipe: BinaryIO) -> BinaryIO:
    """In a file without a name, which ends with us."""
    copy = cast(BinaryIO, tempfile.TemporaryFile(buffering=PIECE))  # noqa: SIM115
    try:
        shutil.copyfileobj(pipe, copy, PIECE)
    except OSError as error:
        raise _unreadable(name, error) from error
    return copy


def _unreadable(name: str, error: OSError) -> FileUnusable:
    return FileUnusable(f"{name} can't be read: {error.strerror}")
