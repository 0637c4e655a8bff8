"""Read a map: the entries that are asked for, decoded, and what its program keeps beside it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.machine.model import Map, Via
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import refusals
from xdpctl.core.maps.companions import Accounts
from xdpctl.core.maps.decode import Layout
from xdpctl.core.maps.refusals import holds_bytes
from xdpctl.core.query.rows import Batches, columns, counters, place, shape, summed, with_names
from xdpctl.core.query.select import Order, Selection, hides_zeros, matching
from xdpctl.core.values.device_names import DeviceNames
from xdpctl.core.wording import one
from xdpctl.errors import BadRequest
from xdpctl.tools import host
from xdpctl.tools.maps import reading
from xdpctl.tools.maps.devices import device_names
from xdpctl.tools.maps.find import Found, find_map
from xdpctl.tools.maps.reading import Reading

CLEAR_KEYS = "  its program never set it: clear the whole key first, by memset() or as `struct … key = {}`"


class Request(Struct, frozen=True):
    name: str
    """A name, a path in bpffs or `id:N`."""
    reach: Reach
    via: Via | None = None
    raw: bool = False
    as_: str = ""
    """The types that somebody says it has."""
    per_cpu: bool = False
    """Whether the value of each CPU is told apart."""
    where: str = ""
    sort: str = ""
    top: int | None = None
    totals: bool = False
    zeros: bool = False
    """Whether all of a large array is shown, also where nothing was counted."""
    netns: str | None = None
    """In which network namespace devices are looked up, if they are to be told by name."""


class Dump(Struct, frozen=True):
    map: Map
    pin: str | None
    entries: Batches
    """Those that were asked for, many at a time; they can be read once."""
    selection: Selection
    """What is known of all entries, once they have been read."""
    per_cpu: bool
    columns: tuple[str, ...]
    """What there is to each entry."""
    padding: str
    """How the padding of keys is called, which only those have where it isn't zero; nothing without any."""
    counters: tuple[str, ...]
    """What of the values can be added up and never falls."""
    named: tuple[str, ...]
    """What of the values is a number or a name, or the id of a map or a program."""
    accounts: Callable[[], Accounts]
    """What its program keeps beside it, once the entries have been read."""
    notes: tuple[str, ...]
    """What is to be told of the map itself."""

    def nothing_matched(self) -> tuple[str, ...]:
        """A name that is misspelt, as in `ip_proto == tpc`, matches nothing."""
        nothing = self.selection.read and not self.selection.matched
        return (f"nothing in {self.map.name} matches --where",) if nothing else ()

    def padding_set(self) -> tuple[str, ...]:
        count, name = self.selection.padded, self.map.name
        keys = "1 key has" if count == 1 else f"{count} keys have"
        note = f"in {name}, {keys} padding that isn't zero, so that keys differ whose members are the same"
        return (note, CLEAR_KEYS) if count else ()

    def zeros_hidden(self) -> tuple[str, ...]:
        hidden = self.selection.hidden
        nothing = "zero" if "array" in str(self.map.type) else "empty"
        note = f"{hidden} elements of {self.map.name} are {nothing}: --json shows them too"
        return (note,) if hidden else ()


def each(request: Request, names: Sequence[str]) -> Iterator[tuple[str, Dump]]:
    """The same of several maps, each read when it is asked for, with what tells it from the others.

    That is its own name, or where it isn't the only one of that name, how it was named.
    """
    host.require_privileges()
    maps = [find_map(name, request.reach) for name in names]
    ids, own_names = [found.map.id for found in maps], [found.map.name for found in maps]
    if twice := [name for name, id_ in zip(names, ids, strict=True) if ids.count(id_) > 1]:
        raise BadRequest(f"{twice[-1]} is named twice", "name it once")
    for name, found in zip(names, maps, strict=True):
        alone = own_names.count(found.map.name) == 1
        yield found.map.name if alone else name, _read(request, found)


def dump(request: Request) -> Dump:
    """What is asked for of a map."""
    host.require_privileges()
    return _read(request, find_map(request.name, request.reach))


def _read(request: Request, found: Found) -> Dump:
    """Its first entries have been read, so that what can't be read fails here."""
    if request.per_cpu and not found.map.per_cpu:
        raise BadRequest(
            f"--per-cpu: {found.map.name} is {one(f'{found.map.type} map')}, which has one value for all CPUs"
        )
    under_way = reading.start(found.map, request.raw, request.via, request.per_cpu, request.as_)
    layout, entries = under_way.of.layout, under_way.entries()
    first = list(islice(entries, 2))  # all, of a small map
    selection = _selection(request, found.map, layout)
    return Dump(
        map=found.map,
        pin=found.pin,
        entries=_with_devices(
            _in_order(request, layout, selection.among(chain(first, entries))),
            device_names(found.map, request.netns),
        ),
        selection=selection,
        per_cpu=under_way.per_cpu,
        columns=tuple(columns(layout)),
        padding=layout.padding.name if layout.padding else "",
        counters=counters(layout.value) if layout.is_sum else (),
        named=with_names(layout.value) if holds_bytes(found.map) else ("value",),
        accounts=under_way.accounts,
        notes=tuple(_notes(under_way, empty=not any(first))),
    )


def _selection(request: Request, map_: Map, layout: Layout) -> Selection:
    matches = matching(request.where, layout) if request.where else None
    totals = summed(layout) if request.totals else None
    padding = layout.padding.name if layout.padding else ""
    return Selection(matches, totals, hides_zeros(map_) and not request.zeros, padding)


def _in_order(request: Request, layout: Layout, entries: Batches) -> Batches:
    """The first by the first sum, or else the first column, where nothing is said."""
    if not (request.sort or request.top):
        return entries
    first = [*summed(layout), *columns(layout)][0]
    by = place(request.sort, shape(layout)) if request.sort else first
    return [Order(by, request.top).sort(entries)]


def _with_devices(entries: Batches, devices: DeviceNames | None) -> Batches:
    if devices is None:
        return entries
    return ([replace(entry, value=devices.shown(entry.value)) for entry in part] for part in entries)


def _notes(under_way: Reading, empty: bool) -> Iterable[str]:
    name = under_way.of.map.name
    if part_of := under_way.of.kept.ipv6_map_of:
        yield f"{name} holds flows over IPv6 alone: {part_of} shows all of them"
    if empty:
        yield f"{name} is empty"
    elif refusals.keeps_values(under_way.of.map):
        yield f"{name} holds sockets, which only the kernel knows: these keys are in use"
    elif str(under_way.of.map.type) in ("sockmap", "sockhash"):
        yield f"{name} holds sockets, and shows their cookies: `ss -e` has these as sk:, in hexadecimal"
    elif not under_way.of.layout.typed:
        yield f"{name} has no BTF: its bytes are shown as they are"
