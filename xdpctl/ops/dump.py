"""Read a map: decode what it holds, and what its program keeps beside it."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from msgspec import Struct

from xdpctl.core.machine.model import Map, Via
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps.companions import Accounts
from xdpctl.core.maps.decode import Entry
from xdpctl.core.query.rows import columns, counters, shape, sums, with_names
from xdpctl.core.values.value import Row
from xdpctl.errors import BadRequest
from xdpctl.tools import host
from xdpctl.tools.maps.find import find_map
from xdpctl.tools.maps.reading import Reading


class Dump(Struct, frozen=True):
    map: Map
    pin: str | None
    entries: Iterator[list[Entry]]
    """Many at a time; they can be read once."""
    empty: bool
    typed: bool
    """Without BTF, keys and values are shown as hexadecimal bytes."""
    per_cpu: bool
    """Whether the value of each CPU is told apart."""
    columns: Mapping[str, bool]
    """What there is to each entry, and whether it is always a number."""
    shape: Row
    """What each column may hold."""
    sums: tuple[str, ...]
    """What of the values can be added up."""
    counters: tuple[str, ...]
    """What of that never falls."""
    named: tuple[str, ...]
    """What of the values is a number or a name."""
    accounts: Callable[[], Accounts]
    """What its program keeps beside it, once the entries have been read."""
    part_of: str
    """The map that this one belongs to."""


def dump(name: str, reach: Reach, raw: bool, per_cpu: bool, via: Via | None, as_: str) -> Dump:
    """The content of the map that a name, a path in bpffs or `id:N` speaks of, of types that may be told.

    Its first entries have been read, so that what can't be read fails here.
    """
    host.require_privileges()
    found = find_map(name, reach)
    if per_cpu and not found.map.per_cpu:
        raise BadRequest(
            f"--per-cpu: {found.map.name} is a {found.map.type} map, which has one value for all CPUs"
        )
    reading = Reading(found.map, raw, via, per_cpu, as_)
    entries = reading.entries()
    first = list(islice(entries, 2))  # all, of a small map
    value = reading.layout.value
    return Dump(
        found.map,
        found.pin,
        chain(first, entries),
        not any(first),
        reading.layout.typed,
        reading.per_cpu,
        columns(reading.layout),
        shape(reading.layout),
        sums(value) if reading.layout.is_sum else (),
        counters(value) if reading.layout.is_sum else (),
        with_names(value),
        reading.accounts,
        reading.kept.twin_of,
    )
