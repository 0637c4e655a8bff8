"""Elements to be written or deleted, and the bpftool commands that do it."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from xdpctl.core.encode.members import Writer
from xdpctl.core.encode.text import Input
from xdpctl.core.machine.model import Argv, Map
from xdpctl.core.maps.chunk import slot
from xdpctl.errors import BadRequest

EVERY_CPU = -1
"""For a CPU's number."""


class How(StrEnum):
    """Whether an element may, must or must not be there when it is written."""

    ANY = "any"
    NEW = "noexist"
    EXISTING = "exist"

    @property
    def flag(self) -> int:
        return {How.ANY: 0, How.NEW: 1, How.EXISTING: 2}[self]


class Element(Struct, frozen=True):
    key: bytes
    values: tuple[bytes, ...] = ()
    """One, or one for each CPU; none where it is to be deleted."""

    @property
    def same_on_all(self) -> bool:
        """bpftool gives all CPUs the same value."""
        return len(set(self.values)) < 2


class Change(Struct, frozen=True):
    map: Map
    elements: Sequence[Element]
    how: How = How.ANY
    gone_is_fine: bool = False
    """Elements to be deleted may have gone already."""
    inside: Argv = ()
    """What enters the network namespace by which the kernel understands the values, if they are devices."""

    @property
    def for_kernel(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Keys with the values of all CPUs, or with None where they are to be deleted."""
        for element in self.elements:
            values = element.values
            if self.map.per_cpu:
                values = tuple(value.ljust(slot(len(value)), b"\0") for value in values)
            yield element.key, b"".join(values) if values else None


def command(map_: Map, element: Element, how: How = How.ANY) -> Argv:
    verb = "update" if element.values else "delete"
    words = ("map", verb, "id", str(map_.id), *_bytes("key", element.key))
    if not element.values:
        return words
    return (*words, *_bytes("value", element.values[0]), *(() if how is How.ANY else (how.value,)))


def lookup(map_: Map, key: bytes) -> Argv:
    return ("map", "lookup", "id", str(map_.id), *_bytes("key", key))


def following(map_: Map, key: bytes | None) -> Argv:
    return ("map", "getnext", "id", str(map_.id), *(() if key is None else _bytes("key", key)))


def _bytes(what: str, data: bytes) -> Argv:
    return (what, "hex", *data.hex(" ").split())


def written(
    write: Writer, said: Input, old: Sequence[bytes], cpu: int | None, map_: Map, cpus: int
) -> tuple[bytes, ...]:
    """The value of an element, or those of all CPUs; `old` are those that it has, if it is there."""
    size = map_.bytes_value
    if not map_.per_cpu:
        if cpu is not None:
            raise BadRequest(f"--cpu: {map_.name} is of type {map_.type}, which has one value for all CPUs")
        return (write(said, old[0] if old else None),)
    if cpu is None and any(write(said, bytes(size))):
        raise BadRequest(
            f"{map_.name} has a value for each CPU, and its sum is what counts: say which CPU gets this",
            "--cpu 0 writes that of one CPU",
            f"--cpu all gives it to each: the sum is {cpus} times as much",
        )
    if cpu is not None and cpu >= cpus:
        raise BadRequest(f"--cpu: there is no CPU {cpu}", f"known: 0 to {cpus - 1}, or all")
    whom = range(cpus) if cpu in (None, EVERY_CPU) else (cpu,)
    before: Sequence[bytes | None] = old or [None] * cpus
    return tuple(write(said, b) if c in whom else b or bytes(size) for c, b in enumerate(before))
