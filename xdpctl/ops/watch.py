"""Watch maps: samples at a steady pace, as rates."""

import os
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from xdpctl.core.machine.model import Map, Via
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import companions
from xdpctl.core.maps.companions import CountedInEntries, Counts
from xdpctl.core.maps.decode import Entry, decode
from xdpctl.core.measure.rates import Label, Rates, Values
from xdpctl.core.query.rows import row, sums
from xdpctl.core.query.select import matching
from xdpctl.core.values.cells import cell
from xdpctl.core.values.value import Row, flat
from xdpctl.core.wording import packets
from xdpctl.errors import BadRequest, Gone
from xdpctl.tools import host
from xdpctl.tools.maps import reading
from xdpctl.tools.maps.find import Found, exact_map, find_map
from xdpctl.tools.maps.polling import Poller, Readings
from xdpctl.tools.maps.reading import Readable

Tell = Callable[[str], None]


class Request(Struct, frozen=True):
    names: tuple[str, ...]
    reach: Reach
    via: Via | None = None
    as_: str = ""
    where: str = ""
    """Which elements are watched; all, if empty."""


class WatchedMaps(Struct, frozen=True):
    """What is read for one name, as the name is understood at the moment."""

    pin: str | None
    inode: int | None
    parts: tuple[Readable, ...]
    """The map, and its twin if it has one."""
    lost_in: Map | None
    total: Readable | None
    """What counts all packets, also those that the map has forgotten."""
    matches: Callable[[Row], bool] | None

    @property
    def all(self) -> tuple[Map, ...]:
        """The total first: what comes in meanwhile isn't forgotten."""
        total = (self.total.map,) if self.total else ()
        lost_in = (self.lost_in,) if self.lost_in else ()
        return (*total, *(part.map for part in self.parts), *lost_in)


def _look(found: Found, request: Request) -> WatchedMaps:
    inode, of = _inode(found.pin), reading.readable(found.map, as_=request.as_)
    twin = reading.ipv6_map(of, raw=False)
    return WatchedMaps(
        pin=found.pin,
        inode=inode,
        parts=(of, twin) if twin else (of,),
        lost_in=reading.lost_in(of),
        total=reading.total_in(of),
        matches=matching(request.where, of.layout) if request.where else None,
    )


class WatchedCounter:
    """What is known of one name."""

    def __init__(self, name: str, request: Request, maps: WatchedMaps, fields: tuple[str, ...]) -> None:
        self.name = name
        self._request = request
        self.maps = maps
        self.fields = fields
        self.rates = Rates()
        self.key_names: tuple[str, ...] = ("key",)
        self.there = True
        self._lost: int | None = None
        self._forgotten: int | None = None

    @property
    def map(self) -> Map:
        return self.maps.parts[0].map

    def look_again(self, tell: Tell) -> None:
        """Whether the name means another map now, or none."""
        if self.there and self.maps.inode == _inode(self.maps.pin):
            return
        before = self.map.id
        try:  # another's map of this name is no answer
            found = exact_map(self.maps.pin or f"id:{before}")
            self.maps = _look(found, self._request)
            self._lost = self._forgotten = None
        except (BadRequest, Gone):
            self._vanish(tell)
            return
        if self.map.id != before:
            tell(f"{self.name} is another map now: id {self.map.id}, no longer {before}; counting anew")
            self.rates.restart()
            self.key_names = ("key",)
        elif not self.there:
            tell(f"{self.name} is there again")
        self.there = True

    def _vanish(self, tell: Tell) -> None:
        if self.there:
            tell(f"{self.name} (id {self.map.id}) has gone")
        self.there = False

    def advance(self, readings: Readings, tell: Tell) -> None:
        found = [readings.get(part.map.id) for part in self.maps.parts]
        if found[0] is None:
            self._vanish(tell)
            return
        sample: dict[Label, Values] = {}
        held = CountedInEntries(self._total(readings), self.maps.parts[0].layout.is_sum)
        for part, read in zip(self.maps.parts, found, strict=True):
            for chunk in read.chunks if read else ():
                entries = decode(chunk, part.layout)
                held.add(entries)
                for entry in entries:
                    self._add(entry, sample)
        self._tell_losses(readings, tell)
        self._tell_forgotten(held.forgotten, tell)
        if self.maps.matches and not (sample or self.rates.begun):
            tell(f"nothing in {self.name} matches --where so far")
        for fall in self.rates.advance(found[0].at, sample):
            tell(f"{self.name}: {fall.field} of {' '.join(fall.key)} fell from {fall.before} to {fall.now}")

    def _tell_losses(self, readings: Readings, tell: Tell) -> None:
        read = readings.get(self.maps.lost_in.id) if self.maps.lost_in else None
        if read is None:
            return
        before, self._lost = (
            self._lost,
            companions.lost(self.maps.parts[0].kept, read.chunks[0].values)["packets"],
        )
        if before is not None and self._lost > before:
            tell(f"{self.name} has no place left: {packets(self._lost - before)} more lost")

    def _total(self, readings: Readings) -> Counts:
        """Nothing, where it wasn't read before the elements."""
        total = self.maps.total
        read, after = readings.get(total.map.id) if total else None, readings[self.map.id]
        return reading.counted_in(total, read.chunks[0]) if total and read and read.at <= after.at else {}

    def _tell_forgotten(self, forgotten: Counts, tell: Tell) -> None:
        """It only seems to become less where elements grow while they are read."""
        for number in [*forgotten.values()][:1]:
            before, self._forgotten = self._forgotten, max(number, self._forgotten or 0)
            if before is not None and self._forgotten > before:
                more = self._forgotten - before
                words = packets(more) if "packets" in forgotten else f"{more} bytes"
                tell(f"{self.name} made room for new keys: {words} more forgotten")

    def _add(self, entry: Entry, sample: dict[Label, Values]) -> None:
        """An element of an array in which nothing was ever counted is no key."""
        if self.maps.matches and not self.maps.matches(row(entry)):
            return
        values = flat("value", entry.value)
        counts = {field: number for field in self.fields if isinstance(number := values.get(field), int)}
        key = flat("key", entry.key)
        label = tuple("none" if part is None else str(cell(part)) for part in key.values())
        if self.map.elements_come_singly or any(counts.values()) or label in self.rates.keys:
            self.key_names = max(tuple(key), self.key_names, key=len)
            sample[label] = counts

    @property
    def may_come_back(self) -> bool:
        return self.maps.pin is not None


def _inode(pin: str | None) -> int | None:
    try:
        return os.stat(pin).st_ino if pin else 0
    except OSError:
        return None


class Clock(Struct, frozen=True):
    now: Callable[[], float]
    sleep: Callable[[float], None]


def watch(request: Request) -> tuple[tuple[WatchedCounter, ...], Poller]:
    host.require_privileges()
    names = request.names
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice:
        raise BadRequest(f"{twice} is named twice", "name it once")
    return tuple(_begin(name, request) for name in names), Poller(request.via)


def _begin(name: str, request: Request) -> WatchedCounter:
    found = find_map(name, request.reach)
    maps = _look(found, request)
    layout = maps.parts[0].layout
    fields = sums(layout.value) if layout.is_sum else ()
    if not fields:
        raise BadRequest(f"{found.map.name} can't be watched: nothing in its values is a count")
    return WatchedCounter(name, request, maps, fields)


def sample(watched: Sequence[WatchedCounter], poller: Poller, tell: Tell) -> bool:
    """Read all maps once; whether any of them may be read again."""
    for one in watched:
        one.look_again(tell)
    readings = poller.poll([map_ for one in watched if one.there for map_ in one.maps.all])
    for one in watched:
        if one.there:
            one.advance(readings, tell)
    return any(one.there or one.may_come_back for one in watched)


def ticks(interval: float, count: int | None, clock: Clock, tell: Tell) -> Iterator[int]:
    """At multiples of the interval from the start, so that nothing adds up; late ones are left out."""
    began = clock.now()
    number = 0
    while True:
        yield number
        if count is not None and number >= count:
            return
        number += 1
        late = int((clock.now() - began) / interval)
        if late >= number:
            tell(f"reading takes longer than {interval:g} s: {late + 1 - number} left out")
            number = late + 1
        clock.sleep(began + number * interval - clock.now())
