"""BPF instructions: what each one does, as far as `dataflow` asks."""

import struct
from collections.abc import Callable

from msgspec import Struct

SIZE = 8
LOAD_IMMEDIATE = 0x18
EXIT = 0x95
CALL = 0x85
HELPER, FUNCTION = 0, 1
"""What a call's source register says: a helper of the kernel, a function of the object."""
LD, LDX, ST, STX, ALU32, JMP, JMP32, ALU64 = range(8)
ADD, SUB, MOV = 0x00, 0x10, 0xB0
MEMORY, ATOMIC = 0x60, 0xC0
COMPARE_AND_EXCHANGE = 0xF1
NO_EXIST = 1
"""BPF_NOEXIST: an update that finds no element."""
EQUAL, DIFFERENT = 0x10, 0x50
EXACT = (EQUAL, DIFFERENT)
"""Comparisons one side of which knows the value."""


class Instruction(Struct, frozen=True):
    code: int
    target: int
    source: int
    offset: int
    immediate: int

    @property
    def kind(self) -> int:
        return self.code & 7

    @property
    def operation(self) -> int:
        return self.code & 0xF0

    @property
    def mode(self) -> int:
        return self.code & 0xE0

    @property
    def from_register(self) -> bool:
        return bool(self.code & 8)

    @property
    def jumps(self) -> bool:
        return self.kind in (JMP, JMP32) and self.code not in (CALL, EXIT)

    @property
    def always_jumps(self) -> bool:
        return self.jumps and self.operation == 0

    @property
    def distance(self) -> int:
        """How far it jumps; the long jump has it in its immediate."""
        return self.immediate if self.code == 0x06 else self.offset

    def holds_for(self, value: int) -> bool:
        """Whether a jump that compares with a constant is taken where the register has this value."""
        bits = 32 if self.kind == JMP32 else 64
        there, other = _unsigned(value, bits), _unsigned(self.immediate, bits)
        if self.operation in _SIGNED:
            there, other = _signed(there, bits), _signed(other, bits)
        return COMPARED[self.operation](there, other)


def decode(code: bytes, order: str) -> list[Instruction]:
    found = []
    for at in range(0, len(code) - SIZE + 1, SIZE):
        operation, registers, offset, immediate = struct.unpack_from(order + "BBhi", code, at)
        low, high = registers & 15, registers >> 4
        target, source = (low, high) if order == "<" else (high, low)
        found.append(
            Instruction(code=operation, target=target, source=source, offset=offset, immediate=immediate)
        )
    return found


def _unsigned(value: int, bits: int) -> int:
    return value & ((1 << bits) - 1)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


_SIGNED = (0x60, 0x70, 0xC0, 0xD0)
COMPARED: dict[int, Callable[[int, int], bool]] = {
    0x10: lambda a, b: a == b,
    0x20: lambda a, b: a > b,
    0x30: lambda a, b: a >= b,
    0x40: lambda a, b: bool(a & b),
    0x50: lambda a, b: a != b,
    0x60: lambda a, b: a > b,
    0x70: lambda a, b: a >= b,
    0xA0: lambda a, b: a < b,
    0xB0: lambda a, b: a <= b,
    0xC0: lambda a, b: a < b,
    0xD0: lambda a, b: a <= b,
}
