"""Elements that are about to be written to a map, or deleted."""

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.maps import refusals
from xdpctl.core.maps.change import Change
from xdpctl.core.maps.first_seen import Seen
from xdpctl.errors import HalfDone, XdpctlError
from xdpctl.ops.map._opened import Opened
from xdpctl.tools import netns
from xdpctl.tools.maps import content, elements
from xdpctl.tools.maps.elements import WriteOutcome


class Writing(Struct, frozen=True):
    target: Opened
    change: Change
    notes: tuple[str, ...] = ()
    """What is to be told of what will be written."""

    def within(self, netns_name: str) -> Self:
        """The same in a network namespace, where that makes a difference."""
        if not (netns_name and self.change.map.holds_devices):
            return self
        return replace(self, change=replace(self.change, inside=netns.named(netns_name).prefix))

    def commands(self) -> list[str]:
        return list(elements.shown(self.change))

    def run(self) -> int:
        """How many elements were written or deleted: all of them, or an error tells where it ended."""
        outcome = elements.apply(self.change)
        if outcome.answer.number:
            raise self._stopped(outcome)
        return outcome.done

    def _stopped(self, outcome: WriteOutcome) -> XdpctlError:
        """What was refused, and what had been done by then."""
        count = len(self.change.elements)
        error = self.target.refusal(outcome.answer, self.change.elements[outcome.tried].key)
        if count == 1:
            return error
        done = f"{outcome.done} of {count} elements were written before that, and stay so"
        kind = HalfDone if outcome.done else type(error)
        return kind(error.message, done, *error.hints)


def check_room(target: Opened, new: Seen, which: str) -> None:
    """Whether elements with these keys fit in beside those that are there, which are remembered with them."""
    map_ = target.map
    if not (map_.evicts or refusals.is_array(map_)):
        for chunk in content.start(map_):
            if chunk.values:
                new.remember(chunk.keys, map_.bytes_key)
        refusals.check_room(map_, target.name, len(new), which)
