"""Entries of a map as they come, and what its program keeps beside it."""

from collections.abc import Iterator
from itertools import chain

from msgspec import Struct

from xdpctl.core.machine.model import Map, Via
from xdpctl.core.maps import companions
from xdpctl.core.maps.chunk import Chunk
from xdpctl.core.maps.companions import Accounts, Beside, Counts, Held
from xdpctl.core.maps.decode import Entry, Layout, decode
from xdpctl.tools import bpftool
from xdpctl.tools.maps import content, types


class Reading(Struct, frozen=True):
    """Of a map, under way: its entries come once."""

    map: Map
    via: Via | None
    raw: bool
    per_cpu: bool
    layout: Layout
    kept: Beside
    chunks: Iterator[Chunk]
    total: Counts | None
    held: Held

    def entries(self) -> Iterator[list[Entry]]:
        """Many at a time."""
        for entries in chain(self.own_entries(), self._of_twin()):
            if self.kept.whole:
                self.held.add(entries)
            yield entries

    def own_entries(self) -> Iterator[list[Entry]]:
        """Those of this map alone."""
        return (decode(chunk, self.layout, self.per_cpu) for chunk in self.chunks)

    def accounts(self) -> Accounts:
        """What is counted beside the entries, once all of them have been read."""
        accounts: dict[str, Counts | None] = {}
        if self.kept.whole and self.total != {}:
            forgotten = self.total and self.held.forgotten
            accounts |= {"total": self.total, **({} if forgotten == {} else {"forgotten": forgotten})}
        if self.kept.lost:
            accounts |= {"lost": _lost(self.map, self.kept)}
        return accounts

    def _of_twin(self) -> Iterator[list[Entry]]:
        found = twin(self.map, self.kept, self.raw)
        if found is not None:
            for chunk in content.start(found.map, self.via):
                yield decode(chunk, found.layout, self.per_cpu)


def start(
    map_: Map, raw: bool = False, via: Via | None = None, per_cpu: bool = False, as_: str = ""
) -> Reading:
    """bpftool reads the map while its types are asked for.

    One that forgets is read after the total: what comes in meanwhile isn't forgotten.
    """
    begun = None if map_.forgets else content.start(map_, via)
    of_map = types.told(map_, as_) if as_ else types.of(map_)
    layout = types.layout(map_, of_map, raw)
    kept = companions.beside(of_map.everything, map_.name, of_map.key_name, map_.forgets)
    total = _total(map_, kept)
    return Reading(
        map=map_,
        via=via,
        raw=raw,
        per_cpu=per_cpu or (map_.per_cpu and not layout.typed),  # bytes can't be merged
        layout=layout,
        kept=kept,
        chunks=begun or content.start(map_, via),
        total=total,
        held=Held(total or {}, layout.is_sum),
    )


class Readable(Struct, frozen=True):
    """A map, and how to read it."""

    map: Map
    layout: Layout


def twin(map_: Map, kept: Beside, raw: bool) -> Readable | None:
    """A second map that holds some of what the same counter counts."""
    found = _sibling(map_, kept.twin) if kept.twin else None
    if found is None:
        return None
    of_twin = types.of(found)
    if of_twin.key_name != companions.FLOW6:
        return None
    return Readable(found, types.layout(found, of_twin, raw))


def _total(map_: Map, kept: Beside) -> Counts | None:
    """All packets; none of it if something else is only called so, None if it has gone."""
    whole = _sibling(map_, kept.whole) if kept.whole else None
    if whole is None:
        return None
    if (whole.type, whole.max_entries) != ("percpu_array", 1):
        return {}
    layout = types.layout(whole, types.of(whole), raw=True)
    [entry] = decode(_only(whole), layout)
    ours = isinstance(entry.value, dict) and set(entry.value) <= {"packets", "bytes"}
    return entry.value if ours and isinstance(entry.value, dict) else {}


def lost_in(map_: Map, kept: Beside) -> Map | None:
    """The map of the global variables that count what found no place."""
    return _sibling(map_, companions.GLOBALS) if kept.lost else None


def _lost(map_: Map, kept: Beside) -> Counts | None:
    variables = lost_in(map_, kept)
    return None if variables is None else companions.lost(kept, _only(variables).values)


def _only(map_: Map) -> Chunk:
    """The one element of a map."""
    [chunk] = content.start(map_, Via.BPFTOOL)
    return chunk


def _sibling(map_: Map, name: str) -> Map | None:
    """A map of the same object: those share their BTF."""
    others = (other for other in bpftool.maps() if other.btf_id == map_.btf_id)
    return next((o for o in others if o.name == name or (o.name.endswith(name) and o.internal)), None)
