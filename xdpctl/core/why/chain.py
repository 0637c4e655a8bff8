"""Why a counter doesn't move: the first broken link of the chain from the pins to the packets."""

from msgspec import Struct

from xdpctl.core.machine.owners import describe
from xdpctl.core.why import pinned, placed, traffic
from xdpctl.core.why.finding import Broken
from xdpctl.core.why.snapshot import Observed, RunningProgram, Scene
from xdpctl.core.wording import join, packets, times

AT_ONCE = (
    pinned.hidden_pins,
    placed.no_program,
    pinned.nothing_pinned,
    placed.other_map,
    placed.unused_map,
    pinned.pins_gone,
    placed.elsewhere,
    placed.no_map,
    placed.not_attached,
    placed.read_only,
    traffic.down,
    traffic.no_carrier,
)
"""In the order of the chain: each relies on those before it."""
THOUGH_IT_COUNTS = (traffic.no_action, traffic.full)
WATCHED = (
    traffic.passed_by,
    traffic.only_sent,
    traffic.through_loopback,
    traffic.no_traffic,
    traffic.never_ran,
    traffic.other_counter,
)


class Moves(Struct, frozen=True):
    """The counter moves."""

    seconds: float
    running: tuple[RunningProgram, ...]
    received: int
    runs: int | None
    counted: dict[str, int | None]
    """The maps that changed, and by how many packets where that can be told."""

    @property
    def says(self) -> str:
        devices = join(r.place.name for r in self.running)
        ran = "" if self.runs is None else f", {self._programs} ran {times(self.runs)}"
        counts = join(
            f"{name} changed" if count is None else f"{name} counted {count}"
            for name, count in self.counted.items()
        )
        return f"{devices} received {packets(self.received)} in {self.seconds:.1f} s{ran}, {counts}"

    @property
    def _programs(self) -> str:
        return join(describe(r.attachment) for r in self.running)


def at_once(scene: Scene) -> Broken | None:
    """What is broken before any packet comes."""
    return next((found for check in AT_ONCE if (found := check(scene))), None)


def after(scene: Scene, watched: Observed) -> Broken | Moves:
    """What is broken on the way of the packets, if anything is."""
    if broken := next(filter(None, (check(scene, watched) for check in THOUGH_IT_COUNTS)), None):
        return broken
    counted = {m.name: watched.counted[m.id] for m in scene.maps_asked() if m.id in watched.counted}
    if counted:
        running = traffic.connected(scene)
        received = watched.of(dict.fromkeys(r.place for r in running)).received
        return Moves(
            seconds=watched.seconds,
            running=running,
            received=received,
            runs=watched.runs,
            counted=counted,
        )
    found = (check(scene, watched) for check in WATCHED)
    return next(filter(None, found), None) or traffic.nothing_counted(scene, watched)
