"""What is right by clang, but surely not meant: read from the object's instructions."""

import re
import struct
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePath

from msgspec import Struct

from xdpctl.core.machine.map_types import type_name
from xdpctl.core.objects import elf, instructions
from xdpctl.core.objects.dataflow import Added, Code, Ended, follow
from xdpctl.core.objects.line_info import Line, LineInfo
from xdpctl.core.objects.map_definitions import Btf

SHARED = ("hash", "array", "lru_hash", "lpm_trie")
"""Types of maps of whose values there is one for all CPUs."""
VERDICTS = range(5)


class Undefined(Struct, frozen=True):
    name: str
    line: Line | None
    is_variable: bool
    """Declared so with `extern`; functions are declared without it too."""


class Inspected:
    """An object of which more is asked than its tables say."""

    def __init__(self, data: bytes, found: elf.BpfObject) -> None:
        self.found, self.order = found, elf.byte_order(data)
        self.sections = {s.name: data[s.offset : s.offset + s.size] for s in found.sections}
        self.executable = {s.name for s in found.sections if s.executable and s.size}
        self.lines = LineInfo(self.sections, self.order)
        self.relocations = elf.relocations(data)

    @cached_property
    def btf(self) -> Btf:
        return Btf(self.sections[".BTF"], self.order)

    def undefined(self) -> Iterator[Undefined]:
        """What the code calls or reads, and is nowhere, in the object or in the kernel."""
        known, variables = self.btf.resolved_by_kernel(), self.btf.external_variables()
        told: set[str] = set()
        for one in self.relocations:
            if not one.target and one.symbol not in known | told:
                told.add(one.symbol)
                line = self.lines.of(one.section, one.offset)
                yield Undefined(one.symbol, line, one.symbol in variables)

    def sources(self) -> tuple[str, ...]:
        """The files of C that have code in it."""
        return tuple(file for file in sorted(self.lines.files) if file.endswith(".c"))

    def notes(self) -> Iterator[str]:
        for name in sorted(self.btf.without_result()):
            if name in self.found.xdp_programs:
                yield f"{name} returns nothing, so the verdict is what happens to be left in a register"
        told = set()
        for one in follow(self._code()):
            note = self._added(one) if isinstance(one, Added) else self._ended(one)
            if note and note not in told:
                told.add(note)
                yield note

    def _added(self, one: Added) -> str:
        types = {found.name: type_name(found.type) for found in self.found.map_definitions}
        if types.get(one.map) not in SHARED:
            return ""
        line = self.lines.of(one.section, one.offset)
        return (
            f"{_place(line)}all CPUs share the values of {one.map}, and this adds to one without "
            f"__sync_fetch_and_add: counts will be lost{_code(line)}"
        )

    def _ended(self, one: Ended) -> str:
        (verdict,) = struct.unpack("i", struct.pack("I", one.verdict & 0xFFFFFFFF))
        if verdict in VERDICTS or one.section not in self._xdp_sections():
            return ""
        line = self.lines.of(one.section, one.offset)
        if line and re.search(rf"\breturn\b(?!.*{verdict}\b).*\d", line.code):
            line = None  # clang made one of several returns
        return (
            f"{_place(line) or self._program(one)}{verdict} is no XDP action: the packet will be dropped, "
            f"with a warning in the kernel's log{_code(line)}"
        )

    def _program(self, one: Ended) -> str:
        functions = [s for s in self.found.symbols if s.is_function and s.section == one.section]
        before = [(s.value, s.name) for s in functions if s.value <= one.offset]
        return f"{max(before)[1]}: " if before else ""

    def _xdp_sections(self) -> set[str]:
        return {section for section, name in self.found.programs if name in self.found.xdp_programs}

    def _code(self) -> Code:
        maps = {(s.section, s.value): s.name for s in self.found.symbols if s.section == ".maps"}
        code = {name: instructions.decode(self.sections[name], self.order) for name in self.executable}
        named, called = {}, {}
        for one in self.relocations:
            place = (one.section, one.offset)
            if one.target == ".maps":
                addend = code[one.section][one.offset // instructions.SIZE].immediate
                named[place] = maps.get((".maps", one.value + addend), one.symbol)
            elif one.target in code:
                immediate = code[one.section][one.offset // instructions.SIZE].immediate
                start = (immediate + 1) * instructions.SIZE if one.symbol == one.target else 0
                called[place] = (one.target, one.value + start)
        programs = tuple(
            (s.section, s.value)
            for s in self.found.symbols
            if s.is_function and (s.section, s.name) in self.found.programs
        )
        return Code(
            sections=code,
            maps=named,
            functions=called,
            relocated=frozenset((one.section, one.offset) for one in self.relocations),
            programs=programs,
        )


def _place(line: Line | None) -> str:
    return f"{PurePath(line.file).name}:{line.number}: " if line else ""


def _code(line: Line | None) -> str:
    return f"\n  {line.code}" if line and line.code else ""
