"""What a compiled BPF object holds, read from its ELF tables."""

import struct
from collections.abc import Callable, Iterator
from typing import TypeVar

from msgspec import Struct

from xdpctl.core.objects import optional
from xdpctl.core.objects.map_definitions import Btf, MapDefinition, Patch
from xdpctl.errors import Explained, ObjectInvalid

T = TypeVar("T")
EM_BPF = 247
_FUNCTION, _SECTION_SYMBOL = 2, 3
_SYMBOLS, _RELOCATIONS = 2, 9
"""SHT_SYMTAB and SHT_REL."""
_EXECUTABLE = 4


class NotBpf(Explained):
    """The file is no BPF object, and why."""

    code = ObjectInvalid.code


class Section(Struct, frozen=True):
    name: str
    offset: int
    size: int
    executable: bool
    enabling: tuple[Patch, ...] = ()
    """Of one like `?xdp`, whose programs libbpf leaves out: what makes a copy's like `xdp`."""


class Symbol(Struct, frozen=True):
    name: str
    section: str
    is_function: bool
    info_at: int = 0
    """Where in the file its kind and binding are told."""
    binding: int = 0
    value: int = 0
    """Where in its section."""


class Relocation(Struct, frozen=True):
    """A place in a section that speaks of a symbol."""

    section: str
    offset: int
    symbol: str
    """Its name; that of a section where the symbol is the section itself."""
    target: str
    """The section where the symbol is; empty where it is in none."""
    value: int
    """Where in that section."""


class BpfObject(Struct, frozen=True):
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    map_definitions: tuple[MapDefinition, ...] = ()
    in_maps: tuple[str, ...] = ()
    """What maps hold from the start: programs of a prog_array, inner maps."""

    @property
    def has_btf(self) -> bool:
        return any(s.name == ".BTF" for s in self.sections)

    @property
    def maps(self) -> tuple[str, ...]:
        return self._names_in(".maps")

    @property
    def legacy_maps(self) -> tuple[str, ...]:
        return self._names_in("maps")

    @property
    def programs(self) -> tuple[tuple[str, str], ...]:
        """(section, name) of every function that libbpf takes for a program of its own."""
        entries = {s.name for s in self.sections if s.executable and s.size and s.name != ".text"}
        return tuple((s.section, s.name) for s in self.symbols if s.is_function and s.section in entries)

    @property
    def xdp_programs(self) -> tuple[str, ...]:
        """Those in sections like `xdp`; in `prog` ip looked for them in older lessons."""
        return self._of_sections("xdp", "prog", f"{optional.MARK}xdp")

    @property
    def loaded_programs(self) -> tuple[str, ...]:
        """Those of them that are meant where none is named: not those of `?xdp`, if there are others."""
        return self._of_sections("xdp", "prog") or self.xdp_programs

    def _of_sections(self, *beginnings: str) -> tuple[str, ...]:
        return tuple(name for section, name in self.programs if section.startswith(beginnings))

    def _names_in(self, section: str) -> tuple[str, ...]:
        return tuple(s.name for s in self.symbols if s.section == section)


def read(data: bytes) -> BpfObject:
    """Read a 64-bit ELF file of either byte order; refuse what is no BPF object."""
    return _reading(data, lambda reader: reader.object())


def relocations(data: bytes) -> tuple[Relocation, ...]:
    """What the code of an object refers to."""
    return _reading(data, lambda reader: tuple(reader.relocations()))


def byte_order(data: bytes) -> str:
    """As `struct` writes it."""
    return "<" if data[5:6] == b"\x01" else ">"


def _reading(data: bytes, what: Callable[["_Reader"], T]) -> T:
    if data[:4] != b"\x7fELF":
        raise NotBpf("it is no ELF file")
    if data[4:5] != b"\x02":
        raise NotBpf("it is no 64-bit ELF file")
    order = byte_order(data)
    try:
        machine = struct.unpack_from(order + "H", data, 18)[0]
        if machine != EM_BPF:
            raise NotBpf("it is compiled for another machine than BPF")
        return what(_Reader(data, order))
    except (struct.error, IndexError, OverflowError, ValueError):
        raise NotBpf("its ELF tables are damaged") from None


class _Reader:
    def __init__(self, data: bytes, order: str) -> None:
        self.data, self.order = data, order
        offset = self._at("Q", 0x28)[0]
        size, count, names = self._at("HHH", 0x3A)
        self.places = [offset + i * size for i in range(count)]
        self.headers = [self._at("IIQQQQII", place) for place in self.places]
        strings = self.headers[names]
        self.names = [self._string(strings[4], header[0]) for header in self.headers]

    def object(self) -> BpfObject:
        sections = tuple(
            Section(
                name=name,
                offset=header[4],
                size=header[5],
                executable=bool(header[2] & _EXECUTABLE),
                enabling=tuple(self._enabling(name)) if name.startswith(optional.MARK) else (),
            )
            for name, header in zip(self.names, self.headers, strict=True)
        )
        btf = next((s for s in sections if s.name == ".BTF"), None)
        text = b"" if btf is None else self.data[btf.offset : btf.offset + btf.size]
        found = tuple(Btf(text, self.order).definitions()) if btf else ()
        return BpfObject(sections, tuple(self._symbols()), found, tuple(self._in_maps()))

    def _enabling(self, section: str) -> Iterator[Patch]:
        in_tables = [
            optional.SectionName(name, place, header[0])
            for name, place, header in zip(self.names, self.places, self.headers, strict=True)
        ]
        places = {name: header[4:6] for name, header in zip(self.names, self.headers, strict=True)}
        debug: list[optional.SectionName] = []
        if ".BTF" in places and ".BTF.ext" in places:
            (btf, _), (start, size) = places[".BTF"], places[".BTF.ext"]
            header, _, _, strings = self._at("IIII", btf + 4)
            for at, string in optional.in_debug_information(self.data[start : start + size], self.order):
                name = self._string(btf + header + strings, string)
                debug.append(optional.SectionName(name, start + at, string))
        return optional.enabling((in_tables, debug), section, self.order)

    def _symbols(self) -> Iterator[Symbol]:
        for header in self.headers:
            if header[1] != _SYMBOLS:
                continue
            strings = self.headers[header[6]][4]
            for at in range(header[4], header[4] + header[5], 24):
                name, info, _, section, value = self._at("IBBHQ", at)
                if 0 < section < len(self.names) and info & 15 != _SECTION_SYMBOL and name:
                    text = self._string(strings, name)
                    yield Symbol(
                        name=text,
                        section=self.names[section],
                        is_function=info & 15 == _FUNCTION,
                        info_at=at + 4,
                        binding=info >> 4,
                        value=value,
                    )

    def _in_maps(self) -> Iterator[str]:
        sections = {n for n, name in enumerate(self.names) if name == ".maps"}
        return (one.symbol for one in self._relocations(sections))

    def relocations(self) -> Iterator[Relocation]:
        return self._relocations({n for n, header in enumerate(self.headers) if header[2] & _EXECUTABLE})

    def _relocations(self, sections: set[int]) -> Iterator[Relocation]:
        for header in self.headers:
            if header[1] != _RELOCATIONS or header[7] not in sections:
                continue
            symbols = self.headers[header[6]]
            strings = self.headers[symbols[6]][4]
            for at in range(header[4], header[4] + header[5], 16):
                offset, info = self._at("QQ", at)
                name, kind, _, section, value = self._at("IBBHQ", symbols[4] + 24 * (info >> 32))
                target = self.names[section] if section < len(self.names) else ""
                text = target if kind & 15 == _SECTION_SYMBOL else self._string(strings, name)
                yield Relocation(
                    section=self.names[header[7]], offset=offset, symbol=text, target=target, value=value
                )

    def _at(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + layout, self.data, offset)

    def _string(self, table: int, offset: int) -> str:
        start = table + offset
        return self.data[start : self.data.index(b"\0", start)].decode()
