"""Packets of a capture, one after the other: pcap and pcapng, of Ethernet."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from xdpctl.core.packets.samples import Packet
from xdpctl.errors import FileInvalid

ETHERNET = 1
LINK_TYPES = {
    0: "BSD loopback",
    9: "PPP",
    12: "raw IP",
    101: "raw IP",
    105: "Wi-Fi",
    113: "Linux cooked",
    127: "Wi-Fi with radiotap",
    228: "raw IPv4",
    229: "raw IPv6",
    276: "Linux cooked v2",
}
"""What people come across beside Ethernet; `tcpdump -i any` writes the cooked ones."""
LARGEST = 1 << 24
"""No writer makes larger blocks: who claims so is damaged."""
PIECE = 1 << 16

_PCAP = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",  # times in nanoseconds
    b"\xa1\xb2\x3c\x4d": ">",
}
_SECTION = b"\x0a\x0d\x0d\x0a"
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6


def packets(file: BinaryIO, name: str) -> Iterator[Packet]:
    """All packets, numbered from 1; what isn't a whole capture of Ethernet is refused where that shows."""
    magic = file.read(4)
    if magic in _PCAP:
        return _Reader(file, name, _PCAP[magic]).pcap()
    if magic == _SECTION:
        return _Reader(file, name, "<").pcapng()
    if not magic:
        raise FileInvalid(f"{name} is empty", "a capture has a header at least")
    if magic.startswith((b"\x1f\x8b", b"\xfd7zX", b"BZh", b"\x28\xb5\x2f\xfd")):
        raise FileInvalid(f"{name} is compressed", "unpack it first")
    raise FileInvalid(f"{name} is neither pcap nor pcapng", "record one: tcpdump -i DEV -w FILE.pcap")


class _Reader:
    def __init__(self, file: BinaryIO, name: str, order: str) -> None:
        self.file, self.name, self.order = file, name, order
        self.number = 0
        self.interfaces: list[tuple[int, int]] = []
        """Link type and snapshot length of each, in this section."""

    def pcap(self) -> Iterator[Packet]:
        link_type = self._unpack("HHiIII", self._exactly(20))[5]
        self._refuse_other_than_ethernet(link_type)
        while header := self.file.read(16):
            self.number += 1
            _, _, held, length = self._unpack("IIII", self._rest(header, 16))
            yield self._packet(self._exactly(self._sane(held)), length)

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
            self.interfaces.append((link_type, snapshot))
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
        self._refuse_other_than_ethernet(self._interface(interface)[0])
        if start + held > len(body):
            raise self._damaged("its data are longer than its block")
        return self._packet(body[start : start + held], length)

    def _interface(self, number: int) -> tuple[int, int]:
        if number >= len(self.interfaces):
            raise self._damaged(f"its interface {number} isn't described")
        return self.interfaces[number]

    def _packet(self, data: bytes, length: int) -> Packet:
        return Packet(str(self.number), data, max(length, len(data)))

    def _refuse_other_than_ethernet(self, link_type: int) -> None:
        if link_type == ETHERNET:
            return
        what = LINK_TYPES.get(link_type)
        raise FileInvalid(
            f"{self.name} was recorded with link type {link_type}{f' ({what})' * bool(what)}, not Ethernet",
            "record it on one Ethernet device: tcpdump -i DEV -w FILE.pcap",
        )

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
            raise FileInvalid(f"{self.name} is cut off{self._where}", "record it again, or copy it again")
        return data

    def _damaged(self, how: str) -> FileInvalid:
        return FileInvalid(f"{self.name} is damaged{self._where}: {how}", "record it again, or copy it again")

    @property
    def _where(self) -> str:
        return f" at packet {self.number}" if self.number else " before its first packet"
