"""Entries of a map as they come, and what its program keeps beside it."""

from collections.abc import Iterator
from itertools import chain

from msgspec import Struct

from xdpctl.core.btf.columns import Record
from xdpctl.core.machine.model import Map, Via
from xdpctl.core.maps import companions, refusals
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.companions import Accounts, Beside, CountedInEntries, Counts
from xdpctl.core.maps.decode import Entry, Layout, decode
from xdpctl.tools import bpftool
from xdpctl.tools.maps import content, types


class Readable(Struct, frozen=True):
    """A map, how to read it, and what its program keeps beside it."""

    map: Map
    layout: Layout
    kept: Beside


def readable(map_: Map, raw: bool = False, as_: str = "") -> Readable:
    of_map = types.from_notation(map_, as_) if as_ else types.of(map_)
    kept = companions.beside(of_map.everything, map_.name, of_map.key_name, map_.evicts)
    return Readable(map_, types.layout(map_, of_map, raw), kept)


class Reading(Struct, frozen=True):
    """Of a map, under way: its entries come once."""

    of: Readable
    raw: bool
    via: Via | None
    per_cpu: bool
    chunks: Iterator[Chunk]
    total: Counts | None
    held: CountedInEntries

    def entries(self) -> Iterator[list[Entry]]:
        """Many at a time."""
        for entries in chain(self.own_entries(), self._of_twin()):
            if self.of.kept.total_map:
                self.held.add(entries)
            yield entries

    def own_entries(self) -> Iterator[list[Entry]]:
        """Those of this map alone."""
        return (decode(chunk, self.of.layout, self.per_cpu) for chunk in self.chunks)

    def accounts(self) -> Accounts:
        """What is counted beside the entries, once all of them have been read."""
        accounts: dict[str, Counts | None] = {}
        if self.of.kept.total_map and self.total != {}:
            forgotten = self.total and self.held.forgotten
            accounts |= {"total": self.total, **({} if forgotten == {} else {"forgotten": forgotten})}
        if self.of.kept.lost:
            accounts |= {"lost": _lost(self.of)}
        return accounts

    def _of_twin(self) -> Iterator[list[Entry]]:
        if found := ipv6_map(self.of, self.raw):
            for chunk in content.start(found.map, self.via):
                yield decode(chunk, found.layout, self.per_cpu)


def start(
    map_: Map,
    raw: bool = False,
    via: Via | None = None,
    per_cpu: bool = False,
    as_: str = "",
    keys_alone: bool = True,
) -> Reading:
    """bpftool reads the map while its types are asked for.

    One that forgets is read after the total: what comes in meanwhile isn't forgotten. `keys_alone` will do
    where only the kernel knows the values.
    """
    if keys_alone and refusals.keeps_values(map_):
        begun: Iterator[Chunk] | None = content.keys_in_use(map_)
    else:
        begun = None if map_.evicts else content.start(map_, via)
    of = readable(map_, raw, as_)
    total = _total(of)
    return Reading(
        of=of,
        raw=raw,
        via=via,
        per_cpu=per_cpu or (map_.per_cpu and not of.layout.typed),  # bytes can't be merged
        chunks=begun or content.start(map_, via),
        total=total,
        held=CountedInEntries(total or {}, of.layout.is_sum),
    )


def ipv6_map(of: Readable, raw: bool) -> Readable | None:
    """A second map that holds some of what the same counter counts."""
    sibling = _sibling(of.map, of.kept.ipv6_map) if of.kept.ipv6_map else None
    found = readable(sibling, raw) if sibling else None
    return found if found and found.kept.ipv6_map_of else None


def total_in(of: Readable) -> Readable | None:
    """The map that counts all packets, if it is one and not only called so."""
    whole = _sibling(of.map, of.kept.total_map) if of.kept.total_map else None
    return _if_total(whole) if whole else None


def _if_total(whole: Map) -> Readable | None:
    if (whole.type, whole.max_entries) != ("percpu_array", 1):
        return None
    found = readable(whole, raw=True)
    value = found.layout.value
    ours = isinstance(value, Record) and {name for name, *_ in value.members} <= {"packets", "bytes"}
    return found if ours else None


def counted_in(total: Readable, chunk: Chunk) -> Counts:
    [entry] = decode(chunk, total.layout)
    return entry.value if isinstance(entry.value, dict) else {}


def _total(of: Readable) -> Counts | None:
    """All packets; none of it if something else is only called so, None if it has gone."""
    whole = _sibling(of.map, of.kept.total_map) if of.kept.total_map else None
    if whole is None:
        return None
    total = _if_total(whole)
    return counted_in(total, _only(whole)) if total else {}


def lost_in(of: Readable) -> Map | None:
    """The map of the global variables that count what found no place."""
    return _sibling(of.map, companions.GLOBALS) if of.kept.lost else None


def _lost(of: Readable) -> Counts | None:
    variables = lost_in(of)
    return None if variables is None else companions.lost(of.kept, _only(variables).values)


def _only(map_: Map) -> Chunk:
    """The one element of a map."""
    [chunk] = content.start(map_, Via.BPFTOOL)
    return chunk


def _sibling(map_: Map, name: str) -> Map | None:
    """A map of the same object: those share their BTF."""
    others = (other for other in bpftool.maps() if other.btf_id == map_.btf_id)
    return next((o for o in others if o.name == name or (o.name.endswith(name) and o.internal)), None)
