"""Which line of the C an instruction comes from: .BTF.ext tells."""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from msgspec import Struct


class Line(Struct, frozen=True):
    file: str
    number: int
    code: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.number}"


class LineInfo:
    """The lines of an object's instructions; none where it was compiled without -g."""

    def __init__(self, sections: Mapping[str, bytes], order: str) -> None:
        self.order = order
        self.btf, self.ext = sections.get(".BTF", b""), sections.get(".BTF.ext", b"")
        self.records: dict[str, list[tuple[int, Line]]] = {}
        for section, offset, line in self._read() if self.ext else ():
            self.records.setdefault(section, []).append((offset, line))

    def of(self, section: str, offset: int) -> Line | None:
        """The line of the instruction at this offset in bytes."""
        records = self.records.get(section, [])
        i = bisect_right(records, offset, key=lambda record: record[0])
        return records[i - 1][1] if i and records[i - 1][1].number else None

    @property
    def files(self) -> frozenset[str]:
        return frozenset(line.file for records in self.records.values() for _, line in records)

    def _read(self) -> Iterator[tuple[str, int, Line]]:
        header, _, _, offset, size = self._at(self.ext, "IIIII", 4)
        at, end = header + offset, header + offset + size
        record_size = self._at(self.ext, "I", at)[0]
        if record_size < 16:
            raise ValueError("records that are too short")
        at += 4
        while at < end:
            section, count = self._at(self.ext, "II", at)
            at += 8
            for _ in range(count):
                instruction, file, code, position = self._at(self.ext, "IIII", at)
                line = Line(self._string(file).removeprefix("./"), position >> 10, self._string(code).strip())
                yield self._string(section), instruction, line
                at += record_size

    def _at(self, data: bytes, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + layout, data, offset)

    def _string(self, offset: int) -> str:
        header, _, _, strings = self._at(self.btf, "IIII", 4)
        start = header + strings + offset
        return self.btf[start : self.btf.index(b"\0", start)].decode(errors="replace")
