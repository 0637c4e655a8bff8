"""The steps by which a new load takes the place of an earlier one, on devices and in the pin directory."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.machine.model import Argv
from xdpctl.core.plan.loading import Loading
from xdpctl.core.plan.plan import Act, Exchange, Plan, Step, exchanging, step
from xdpctl.core.wording import join

ASIDE = "_xdpctl_"
"""Behind the name of a pin directory, and before a number: where the other set is, while one replaces it."""
_LONGEST = 200
_TICK = "0.02"
"""Seconds after which the kernel surely has another time for a pin."""


class Directories(Struct, frozen=True):
    """A pin directory, and the one beside it where the new set is made."""

    pin: str
    aside: str
    mode: int
    owner: tuple[int, int]
    """User and group."""
    whole: bool
    """It is exchanged as a whole; else pin by pin, as where it is the root of bpffs."""
    present: tuple[str, ...] = ()
    """The names in it."""


class Replacement(Struct, frozen=True):
    place: Directories
    loading: Loading
    """Into the directory beside."""
    exchanges: tuple[Exchange, ...]
    kept: tuple[str, ...]
    """Pins of maps that go on."""
    going: tuple[str, ...]
    """Names of pins that go with the old set."""

    def steps(self) -> Plan:
        last = len(swap := self._swap) - 1
        return (
            *self._make_aside(),
            *self.loading.steps(),
            *(self._link(name) for name in self._linked),
            *self.on_devices,
            *(replace(one, final=n == last) for n, one in enumerate(swap)),
            step("remove what was replaced", ("rm", "-f", *self._replaced)),
            *self._touched(),
            step(f"remove the directory {self.place.aside}", ("rmdir", self.place.aside)),
        )

    @property
    def on_devices(self) -> Plan:
        whats = (f"replace {e.goes.words if e.goes else 'what runs'} on {e.device}" for e in self.exchanges)
        return tuple(exchanging(what, one) for what, one in zip(whats, self.exchanges, strict=True))

    def _make_aside(self) -> Iterator[Step]:
        place = self.place
        make = ("mkdir", "-m", f"{place.mode:o}", place.aside)
        yield step(f"make the directory {place.aside}", make, ("rm", "-rf", place.aside))
        if place.owner != (0, 0):
            user, group = place.owner
            yield step("give it to the same owner", ("chown", f"{user}:{group}", place.aside))

    @property
    def _linked(self) -> tuple[str, ...]:
        """Pins that are one in both: who may read them is as before."""
        others = (n for n in self.place.present if n not in {*self.going, *self.loading.chosen.pinned_names})
        return (*self.kept, *others) if self.place.whole else ()

    def _touched(self) -> Iterator[Step]:
        """`unload` goes by the times of pins: a map that came before its programs isn't theirs.

        A link that is made or removed gives a pin a new time.
        """
        of_others = {*self.kept} - {*self.going}
        names = (name for name in self.loading.chosen.pinned_names if name not in of_others)
        pins = (f"{self.place.pin}/{name}" for name in names)
        if of_others:
            yield step("let the clock of pins go on", ("sleep", _TICK))
        yield step("mark what goes with the programs", ("touch", "-c", *pins))

    def _link(self, name: str) -> Step:
        return step(f"keep {name}", ("ln", "-f", f"{self.place.pin}/{name}", f"{self.place.aside}/{name}"))

    @property
    def _replaced(self) -> Iterator[str]:
        """By name: what somebody else pins in the same moment, stays."""
        place, names = self.place, {*self.loading.chosen.pinned_names, *self.going, *self.kept}
        old = place.present if place.whole else (n for n in place.present if n in names)
        return (f"{place.aside}/{name}" for name in old)

    @property
    def _swap(self) -> Plan:
        place = self.place
        if place.whole:
            return (_exchange(place.aside, place.pin),)
        come = tuple(name for name in self.loading.chosen.pinned_names if name not in self.kept)
        go = tuple(name for name in self.going if name not in {*come, *self.kept})
        pairs = ((f"{place.aside}/{name}", f"{place.pin}/{name}", name in place.present) for name in come)
        return (
            *(_exchange(new, pin) if there else _move(new, pin) for new, pin, there in pairs),
            *(_move(f"{place.pin}/{name}", f"{place.aside}/{name}") for name in go),
        )


def beside(pin: str, inside: bool, number: str) -> str:
    """Where the new set is made; inside, where there is no beside."""
    above, _, name = pin.rpartition("/")
    name = name.encode(errors="surrogateescape")[:_LONGEST].decode(errors="ignore")
    return f"{pin}/{ASIDE}{number}" if inside else f"{above}/{name}{ASIDE}{number}"


def _exchange(one: str, other: str) -> Step:
    line: Argv = ("mv", "--exchange", "-T", one, other)
    return Step(f"exchange {join((one, other))}", (Act(line, (line,)),))


def _move(one: str, other: str) -> Step:
    return step(f"move {one}", ("mv", "-T", one, other), ("mv", "-T", other, one))
