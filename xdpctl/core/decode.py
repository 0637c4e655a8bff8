"""The JSON of `bpftool map dump`, and the map's BTF, to entries with keys and values by meaning."""

import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from msgspec import Struct

from xdpctl.core.btf import BtfDump, Reader, Types, Value, hexadecimal


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
    typed: bool = False


def layout(all_types: BtfDump, key_and_value: BtfDump, raw: bool) -> Layout:
    """`key_and_value` is what bpftool prints for a map: the type of the key, then that of the value."""
    if len(key_and_value.types) != 2:
        return Layout()
    types = Types(all_types.types, raw)
    key, value = (types.reader(t.id) for t in key_and_value.types)
    return Layout(key, value, True)


def decode(raw: Sequence[RawEntry], layout: Layout) -> tuple[Entry, ...]:
    """Entries in bpftool's order; values of several CPUs are summed."""
    return tuple(_entry(entry, layout.key, layout.value) for entry in raw)


def _entry(raw: RawEntry, key: Reader, value: Reader) -> Entry:
    per_cpu = tuple(CpuValue(v.cpu, _read(v.value, value)) for v in raw.values)
    whole = total([v.value for v in per_cpu]) if per_cpu else _read(raw.value, value)
    return Entry(_read(raw.key, key), whole, per_cpu)


def _read(data: list[str] | RawError | None, read: Callable[[bytes], Value]) -> Value:
    if data is None or isinstance(data, RawError):
        return None
    return read(bytes(int(byte, 16) for byte in data))


def total(values: list[Any]) -> Value:
    """The sum over CPUs, member by member; None where something isn't a number and differs."""
    first, kinds = values[0], {type(value) for value in values}
    if kinds == {dict}:
        return {name: total([value[name] for value in values]) for name in first}
    if kinds == {list}:
        return [total(list(parts)) for parts in zip(*values, strict=True)]
    if kinds == {int}:
        return int(sum(values))
    return cast("Value", first) if len(kinds) == 1 and values.count(first) == len(values) else None


def readable(text: bytes) -> bytes:
    """bpftool before 7.1 writes `'` as `\\'`, which JSON doesn't have."""
    return re.sub(rb"\\(.)", lambda found: b"'" if found[1] == b"'" else found[0], text, flags=re.S)
