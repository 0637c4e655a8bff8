"""An operation that changes the machine, as data: what each step does and what undoes it."""

from msgspec import Struct

from xdpctl.core.machine.model import Argv


class Act(Struct, frozen=True):
    do: Argv
    undo: tuple[Argv, ...] = ()
    way: str = ""
    """What tells it from the other ways: `native`."""


class Step(Struct, frozen=True):
    what: str
    """Completes "failed to …" and "xdpctl would …"."""
    acts: tuple[Act, ...]
    """Ways to do it, best first: the next is tried where one is refused."""
    final: bool = False
    """Nothing can be undone from here on; what follows is tried, but can't fail the plan."""


Plan = tuple[Step, ...]


def step(what: str, do: Argv, *undo: Argv) -> Step:
    return Step(what, (Act(do, undo),))
