"""Packets of a capture, one after the other: pcap and pcapng."""

import struct
from collections.abc import Generator, Iterator
from typing import BinaryIO

from xdpctl.core.packets.samples import ETHERNET, Packet, other_than_ethernet
from xdpctl.errors import FileInvalid

LARGEST = 1 << 24
"""No writer makes larger blocks: who claims so is damaged."""
PIECE = 1 << 16
MOST_EMPTY = 1000
"""So many packets in a row without a byte are no accident, but a hole in a file, or made to keep us busy."""

_PLAIN, _MODIFIED = 16, 24
"""Sizes of the header of a packet; the modified one of old patches to libpcap tells of the device too."""
_PCAP = {
    struct.pack(f"{order}I", magic): (order, size)
    for order in "<>"
    for magic, size in ((0xA1B2C3D4, _PLAIN), (0xA1B23C4D, _PLAIN), (0xA1B2CD34, _MODIFIED))
}
"""Of times in micro- and nanoseconds, and the modified one."""
_VERSIONS = {magic: struct.pack(f"{order}HH", 2, 4) for magic, (order, _) in _PCAP.items()}
_FCS_IS_KNOWN = 1 << 26
_SECTION = b"\x0a\x0d\x0d\x0a"
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_FLAGS, _FCS_LENGTH = 2, 13
"""Options of packets, and of interfaces."""
_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6


def _without_fcs(data: bytes, length: int, fcs: int) -> tuple[bytes, int]:
    """What a packet holds, and how long it was, but for its frame check sequence."""
    length = max(0, max(length, len(data)) - fcs)
    return data[:length], length


class BrokenCapture(FileInvalid):
    """The file ends in the middle of what it has begun, or is damaged there; what came before is whole."""


def packets(file: BinaryIO, name: str) -> Iterator[Packet]:
    """All packets, numbered from 1; what is damaged, or no capture, is refused where that shows."""
    magic = file.read(4)
    if magic in _PCAP:
        order, size = _PCAP[magic]
        return _Reader(file, name, order).pcap(size)
    if magic == _SECTION:
        return _Reader(file, name, "<").pcapng()
    if not magic:
        raise FileInvalid(f"{name} is empty", "a capture has a header at least")
    if magic.startswith((b"\xfd7zX", b"BZh", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")):
        raise FileInvalid(f"{name} is compressed, and not by gzip", "unpack it first: --pcap - takes a pipe")
    raise FileInvalid(f"{name} is neither pcap nor pcapng", "record one: tcpdump -i DEV -w FILE.pcap")


class _Reader:
    def __init__(self, file: BinaryIO, name: str, order: str) -> None:
        self.file, self.name, self.order = file, name, order
        self.number = self.empty = 0
        """Packets so far, and those without a byte that came last."""
        self.interfaces: list[tuple[int, int, int]] = []
        """Link type, snapshot length, and length of the frame check sequence of each, in this section."""

    def pcap(self, size: int) -> Iterator[Packet]:
        """The upper half of the link type tells of frame check sequences, which no program gets to see."""
        told = self._unpack("HHiIII", self._exactly(20))[5]
        link_type, fcs = told & 0xFFFF, 2 * (told >> 28) if told & _FCS_IS_KNOWN else 0
        if link_type != ETHERNET:
            raise FileInvalid(
                f"{self.name} was recorded {other_than_ethernet(link_type)}",
                "record it on one Ethernet device: tcpdump -i DEV -w FILE.pcap",
            )
        read, unpack = self.file.read, struct.Struct(f"{self.order}8xII{size - 16}x").unpack
        header = read(size)
        while header:
            self.number += 1
            if len(header) < size:
                header = self._rest(header, size)
            held, length = unpack(header)
            if not (held or length):
                header = yield from self._empty(header, size)
                continue
            self.empty = 0
            data = read(self._sane(held))
            if len(data) < held:
                raise self._cut_off()
            if fcs:
                data, length = _without_fcs(data, length, fcs)
            yield Packet(str(self.number), data, max(length, len(data)))
            header = read(size)

    def _empty(self, header: bytes, size: int) -> Generator[Packet, None, bytes]:
        """Of a header that tells of no byte: packets, another capture, or zeros up to the file's end.

        What comes behind packets is given back.
        """
        if _VERSIONS.get(header[:4]) == header[4:8]:
            raise self._damaged("another capture begins there", "join captures by mergecap")
        self._see(0)
        if header.strip(b"\0"):
            yield Packet(str(self.number), b"", 0)
            return self.file.read(size)
        found = 0
        while header and not header.strip(b"\0") and found <= MOST_EMPTY:
            found += 1
            header = self.file.read(size)
        if not header or found > MOST_EMPTY:
            raise self._damaged("from there on it holds zeros")
        for _ in range(found):
            yield Packet(str(self.number), b"", 0)
            self.number += 1
        self.number -= 1
        return header

    def pcapng(self) -> Iterator[Packet]:
        """Block by block; each says its length at both ends."""
        start = _SECTION
        while start:
            start = self._rest(start, 4)
            if start == _SECTION:
                self._begin_section()
            else:
                kind, length = self._unpack("I", start)[0], self._unpack("I", self._exactly(4))[0]
                yield from self._block(kind, length)
            start = self.file.read(4)

    def _begin_section(self) -> None:
        length, magic = self._exactly(4), self._exactly(4)
        if magic not in _ORDERS:
            raise self._damaged("a section has no byte order")
        self.order, self.interfaces = _ORDERS[magic], []
        self._skip(self._unpack("I", length)[0], done=12)

    def _block(self, kind: int, length: int) -> Iterator[Packet]:
        if kind not in (_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET):
            self._skip(length, done=8)
            return
        if kind != _INTERFACE:
            self.number += 1
        if length % 4 or length < 16:
            raise self._damaged(f"a block says that it has {length} bytes")
        body = self._exactly(self._sane(length) - 12)
        self._end_of_block(length)
        if kind == _INTERFACE:
            link_type, _, snapshot = self._unpack("HHI", body)
            told = [data[0] for code, data in self._options(body[8:]) if code == _FCS_LENGTH and data]
            fcs = told[0] if told else 0
            self.interfaces.append((link_type, snapshot, fcs // 8 if fcs >= 8 else fcs))
        else:
            yield self._packet_in(kind, body)

    def _packet_in(self, kind: int, body: bytes) -> Packet:
        if kind == _SIMPLE_PACKET:
            interface, start, (length,) = 0, 4, self._unpack("I", body)
            snapshot = self._interface(0)[1] or length
            held = min(length, snapshot)
        else:
            head = self._unpack("IIIII" if kind == _PACKET else "HHIIII", body)
            interface, (held, length), start = head[0], head[-2:], 20
        link_type, _, fcs = self._interface(interface)
        if start + held > len(body):
            raise self._damaged("its data are longer than its block")
        self._see(held or length)
        data = body[start : start + held]
        if kind == _PACKET and len(body) > (rest := start + held + -held % 4):
            fcs = self._told_of_packet(body[rest:]) or fcs
        if fcs:
            data, length = _without_fcs(data, length, fcs)
        return Packet(str(self.number), data, max(length, len(data)), link_type)

    def _told_of_packet(self, options: bytes) -> int:
        """How long its own frame check sequence is, where its flags say so."""
        flags = [
            self._unpack("I", data)[0]
            for code, data in self._options(options)
            if code == _FLAGS and len(data) == 4
        ]
        return flags[0] >> 5 & 15 if flags else 0

    def _options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """What is no option ends them, as their end does."""
        at = 0
        while len(data) >= at + 4:
            code, length = self._unpack("HH", data[at : at + 4])
            if not code or at + 4 + length > len(data):
                return
            yield code, data[at + 4 : at + 4 + length]
            at += 4 + length + -length % 4

    def _interface(self, number: int) -> tuple[int, int, int]:
        if number >= len(self.interfaces):
            raise self._damaged(f"its interface {number} isn't described")
        return self.interfaces[number]

    def _unpack(self, layout: str, data: bytes) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self.order + layout, data)
        except struct.error:
            raise self._damaged("a block is too short") from None

    def _sane(self, size: int) -> int:
        if size > LARGEST:
            raise self._damaged(f"it says that it has {size} bytes")
        return size

    def _skip(self, length: int, done: int) -> None:
        """The rest of a block of which so many bytes have been read, piece by piece."""
        if length % 4 or length < done + 4:
            raise self._damaged(f"a block says that it has {length} bytes")
        left = length - done - 4
        while left:
            left -= len(self._exactly(min(left, PIECE)))
        self._end_of_block(length)

    def _end_of_block(self, length: int) -> None:
        if self._unpack("I", self._exactly(4))[0] != length:
            raise self._damaged("a block says two lengths")

    def _exactly(self, size: int) -> bytes:
        return self._rest(b"", size)

    def _rest(self, begun: bytes, size: int) -> bytes:
        data = begun + self.file.read(size - len(begun))
        if len(data) < size:
            raise self._cut_off()
        return data

    def _see(self, length: int) -> None:
        """That there is something in packets."""
        self.empty = 0 if length else self.empty + 1
        if self.empty > MOST_EMPTY:
            raise self._damaged(f"it and {MOST_EMPTY} packets before it have no byte")

    def _cut_off(self) -> BrokenCapture:
        return BrokenCapture(f"{self.name} is cut off{self._where}", "record it again, or copy it again")

    def _damaged(self, how: str, hint: str = "record it again, or copy it again") -> BrokenCapture:
        return BrokenCapture(f"{self.name} is damaged{self._where}: {how}", hint)

    @property
    def _where(self) -> str:
        return f" at packet {self.number}" if self.number else " before its first packet"
