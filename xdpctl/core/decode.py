"""The JSON of `bpftool map dump`, and the map's BTF, to entries with keys and values by meaning."""

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from xdpctl.core.btf import BtfDump, Types
from xdpctl.core.meanings import MERGERS, Merger, Reader, Value, hexadecimal, total, unsigned


class RawError(Struct, frozen=True):
    error: str


class RawCpu(Struct, frozen=True):
    cpu: int
    value: list[str] | RawError


class RawEntry(Struct, frozen=True):
    key: list[str] = []
    value: list[str] | RawError | None = None
    values: tuple[RawCpu, ...] = ()


class CpuValue(Struct, frozen=True):
    cpu: int
    value: Value


class Entry(Struct, frozen=True):
    key: Value
    value: Value
    per_cpu: tuple[CpuValue, ...] = ()


class Layout(Struct, frozen=True):
    """How to read keys and values of one map."""

    key: Reader = hexadecimal
    value: Reader = hexadecimal
    merge: Merger = total
    """How to make one value of those of all CPUs."""
    is_sum: bool = True
    """Whether a value that is no struct can be added up over entries."""
    typed: bool = False


DEVICES = Layout(unsigned, unsigned, typed=True)
"""Of a devmap, whose types the kernel doesn't keep: indexes of interfaces."""


def layout(all_types: BtfDump, key_and_value: BtfDump, raw: bool, boot: int = 0) -> Layout:
    """`key_and_value` is what bpftool prints for a map: the type of the key, then that of the value.

    `boot` is when the machine was started, in nanoseconds since 1970.
    """
    if len(key_and_value.types) != 2:
        return Layout()
    types = Types(all_types.types, raw, boot)
    key, value = key_and_value.types
    return Layout(
        types.reader(key.id), types.reader(value.id), types.merger(value.id), value.name not in MERGERS, True
    )


def decode(raw: Sequence[RawEntry], layout: Layout) -> tuple[Entry, ...]:
    """Entries in bpftool's order; values of several CPUs are summed."""
    return tuple(_entry(entry, layout) for entry in raw)


def _entry(raw: RawEntry, layout: Layout) -> Entry:
    per_cpu = tuple(CpuValue(v.cpu, _read(v.value, layout.value)) for v in raw.values)
    merged = layout.merge([v.value for v in per_cpu]) if per_cpu else _read(raw.value, layout.value)
    return Entry(_read(raw.key, layout.key), merged, per_cpu)


def _read(data: list[str] | RawError | None, read: Callable[[bytes], Value]) -> Value:
    found = raw_bytes(data)
    return None if found is None else read(found)


def raw_bytes(data: list[str] | RawError | None) -> bytes | None:
    if data is None or isinstance(data, RawError):
        return None
    return bytes(int(byte, 16) for byte in data)


def readable(text: bytes) -> bytes:
    """bpftool before 7.1 writes `'` as `\\'`, which JSON doesn't have."""
    return re.sub(rb"\\(.)", lambda found: b"'" if found[1] == b"'" else found[0], text, flags=re.S)
