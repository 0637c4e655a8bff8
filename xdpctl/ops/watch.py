"""Watch maps: samples at a steady pace, as rates."""

import os
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from xdpctl.core.machine.model import Map, Via
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import companions
from xdpctl.core.maps.decode import Entry, decode
from xdpctl.core.measure.rates import Label, Rates, Values
from xdpctl.core.query.rows import sums
from xdpctl.core.values.cells import cell
from xdpctl.core.values.value import flat
from xdpctl.core.wording import packets
from xdpctl.errors import BadRequest, Gone
from xdpctl.tools import host
from xdpctl.tools.maps import reading, types
from xdpctl.tools.maps.find import Found, exact_map, find_map
from xdpctl.tools.maps.polling import Poller, Readings
from xdpctl.tools.maps.reading import Readable

Tell = Callable[[str], None]


class WatchedCounter:
    """What is known of one name."""

    def __init__(self, name: str, reach: Reach) -> None:
        self.name = name
        self.rates = Rates()
        self.key_names: tuple[str, ...] = ("key",)
        self.there = True
        self._look(find_map(name, reach))
        self.fields = sums(self.parts[0].layout.value) if self.parts[0].layout.is_sum else ()
        if not self.fields:
            raise BadRequest(f"{self.map.name} can't be watched: nothing in its values is a count")

    def _look(self, found: Found) -> None:
        self.map, self._pin = found.map, found.pin
        self._inode = _inode(self._pin)
        of_map = types.of(found.map)
        self.parts = [Readable(found.map, types.layout(found.map, of_map, raw=False))]
        self._kept = companions.beside(of_map.everything, found.map.name, of_map.key_name, found.map.forgets)
        twin = reading.twin(found.map, self._kept, raw=False)
        self.parts += [twin] if twin else []
        self._lost_in = reading.lost_in(found.map, self._kept)
        self._lost: int | None = None

    @property
    def maps(self) -> Iterator[Map]:
        """All that are read for it."""
        yield from (part.map for part in self.parts)
        if self._lost_in:
            yield self._lost_in

    def look_again(self, tell: Tell) -> None:
        """Whether the name means another map now, or none."""
        if self.there and self._inode == _inode(self._pin):
            return
        before = self.map.id
        try:
            self._look(exact_map(self._pin or f"id:{before}"))  # another's map of this name is no answer
        except (BadRequest, Gone):
            self._vanish(tell)
            return
        if self.map.id != before:
            tell(f"{self.name} is another map now: id {self.map.id}, no longer {before}; counting anew")
            self.rates.restart()
        elif not self.there:
            tell(f"{self.name} is there again")
        self.there = True

    def _vanish(self, tell: Tell) -> None:
        if self.there:
            tell(f"{self.name} (id {self.map.id}) has gone")
        self.there, self._inode = False, None

    def advance(self, readings: Readings, tell: Tell) -> None:
        found = [readings.get(part.map.id) for part in self.parts]
        if found[0] is None:
            self._vanish(tell)
            return
        sample: dict[Label, Values] = {}
        for part, read in zip(self.parts, found, strict=True):
            for chunk in read.chunks if read else ():
                for entry in decode(chunk, part.layout):
                    self._add(entry, sample)
        self._tell_losses(readings, tell)
        for fall in self.rates.advance(found[0].at, sample):
            tell(f"{self.name}: {fall.field} of {' '.join(fall.key)} fell from {fall.before} to {fall.now}")

    def _tell_losses(self, readings: Readings, tell: Tell) -> None:
        read = readings.get(self._lost_in.id) if self._lost_in else None
        if read is None:
            return
        before, self._lost = self._lost, companions.lost(self._kept, read.chunks[0].values)["packets"]
        if before is not None and self._lost > before:
            tell(f"{self.name} has no place left: {packets(self._lost - before)} more lost")

    def _add(self, entry: Entry, sample: dict[Label, Values]) -> None:
        """An element of an array in which nothing was ever counted is no key."""
        values = flat("value", entry.value)
        counts = {field: number for field in self.fields if isinstance(number := values.get(field), int)}
        key = flat("key", entry.key)
        label = tuple("none" if part is None else str(cell(part)) for part in key.values())
        if self.map.elements_come_singly or any(counts.values()) or label in self.rates.keys:
            self.key_names = tuple(key)
            sample[label] = counts

    @property
    def may_come_back(self) -> bool:
        return self._pin is not None


def _inode(pin: str | None) -> int | None:
    try:
        return os.stat(pin).st_ino if pin else 0
    except OSError:
        return None


class Clock(Struct, frozen=True):
    now: Callable[[], float]
    sleep: Callable[[float], None]


def watch(names: Sequence[str], reach: Reach, via: Via | None) -> tuple[tuple[WatchedCounter, ...], Poller]:
    host.require_privileges()
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice:
        raise BadRequest(f"{twice} is named twice", "name it once")
    return tuple(WatchedCounter(name, reach) for name in names), Poller(via)


def sample(watched: Sequence[WatchedCounter], poller: Poller, tell: Tell) -> bool:
    """Read all maps once; whether any of them may be read again."""
    for one in watched:
        one.look_again(tell)
    readings = poller.poll([map_ for one in watched if one.there for map_ in one.maps])
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
        if number == count:
            return
        number += 1
        late = int((clock.now() - began) / interval)
        if late >= number:
            tell(f"reading takes longer than {interval:g} s: {late + 1 - number} left out")
            number = late + 1
        clock.sleep(began + number * interval - clock.now())
