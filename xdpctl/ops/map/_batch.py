"""The elements that a batch file tells of, checked before the first is written: in blocks, or one by one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from xdpctl.core.maps import batch_file
from xdpctl.core.maps.batch_file import BatchColumns, Block, Spoken
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.first_seen import Seen
from xdpctl.core.query import rows
from xdpctl.errors import BadRequest, FileInvalid
from xdpctl.ops.map._blocks import take
from xdpctl.ops.map._gathered import Gathered
from xdpctl.ops.map._lines import in_line, name_of
from xdpctl.ops.map._opened import Opened
from xdpctl.tools import host
from xdpctl.tools.files import sources
from xdpctl.tools.maps import content
from xdpctl.tools.maps.stored import Stored


class BatchFile:
    def __init__(self, target: Opened, path: Path) -> None:
        self.target, self._codec, self._path = target, target.codec, path
        self._size = target.map.bytes_key
        self._cpus = host.possible_cpus()

    def keys(self) -> Sequence[Element]:
        """Each once; they have to be there."""
        found, there = Stored(self.target.map, 0), Seen(self.target.map.max_entries)
        for chunk in content.start(self.target.map):
            if chunk.values:
                there.remember(chunk.keys, self._size)

        def add(keys: bytes, lines: Sequence[int]) -> None:
            new, lacking = there.struck_off(keys, self._size)
            if lacking is not None:
                with in_line(name_of(self._path), lines[lacking]):
                    raise self.target.no_such_key(self._key(keys, lacking))
            found.add(b"".join(self._key(keys, place) for place in new), b"")

        take(
            self._blocks(values=False),
            name_of(self._path),
            self._codec.packing,
            lambda packing, block: add(packing.keys(block), block.lines),
            lambda said: add(self._codec.encode_key(said.key), [said.line]),
        )
        return found

    def _key(self, keys: bytes, place: int) -> bytes:
        return keys[place * self._size : (place + 1) * self._size]

    def elements(self, cpu: int | None) -> Sequence[Element]:
        found = Gathered(self.target, self._cpus, name_of(self._path))

        def add_one(said: Spoken) -> None:
            if cpu is not None and said.cpu is not None:
                raise BadRequest("--cpu, and the file too, say whose value it is", "leave one of them out")
            found.add_one(self._codec.encode_key(said.key), said, cpu)

        take(
            self._blocks(values=True),
            name_of(self._path),
            self._codec.packing,
            lambda packing, block: found.add(*packing.elements(block, cpu, self._cpus), block.lines),
            add_one,
        )
        return found.all()

    def _blocks(self, values: bool) -> Iterator[Block]:
        columns = self._codec.key_columns, tuple(rows.columns(self._codec.layout))
        of_value = columns[1][len(columns[0]) :]
        padding = self._codec.layout.padding
        names = BatchColumns(columns[0], of_value, padding.name if padding else "")
        lines = sources.lines_or_input(self._path)
        try:
            yield from batch_file.read(lines, names, values)
        except batch_file.WrongLine as error:
            where = f"{name_of(self._path)}:{error.line}"
            raise FileInvalid(f"{where}: {error.message}", *error.hints) from error
