"""An operation that changes the machine, as data: what each step does and what undoes it."""

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.machine.model import Argv, Mode, ProgId
from xdpctl.core.machine.shell import inside


class Known(Struct, frozen=True):
    """A program by what is known of it. The id is the surer one: anything may be pinned there by now."""

    pin: str = ""
    id: ProgId | None = None
    name: str = ""

    @property
    def words(self) -> str:
        known = "" if self.id is None else f" (id {self.id})"
        return (self.name or self.pin.rpartition("/")[2] or "a program") + known


class Exchange(Struct, frozen=True):
    """One program in place of another on a device, in one act; or nothing is done, if another runs there."""

    device: str
    mode: Mode
    comes: Known | None = None
    """None where none is to run."""
    goes: Known | None = None
    """The one that is expected there; None where none may run."""
    netns: str | None = None
    """The file of its namespace; None for this one."""
    ifindex: int | None = None
    """The device's number, where it was seen: others may have its name by now."""

    @property
    def line(self) -> Argv:
        """The command that comes nearest: it has no word for what is expected."""
        if self.comes is not None and not self.comes.pin:
            overwrite = () if self.goes is None else ("overwrite",)
            words = (self.mode.ip_word, "id", str(self.comes.id), "dev", self.device, *overwrite)
            return (*inside(self.netns), "bpftool", "net", "attach", *words)
        what = ("off",) if self.comes is None else ("pinned", self.comes.pin)
        force = ("-force",) if self.comes and self.goes else ()
        words = ("link", "set", "dev", self.device, self.mode.ip_word, *what)
        return (*inside(self.netns), "ip", *force, *words)

    @property
    def was(self) -> str:
        """How what goes is described where it is seen."""
        name, id_ = ("", None) if self.goes is None else (self.goes.name, self.goes.id)
        return f"{name or 'a program'} (id {id_}, {self.mode} mode) on {self.device}"

    @property
    def reversed(self) -> "Exchange":
        return replace(self, comes=self.goes, goes=self.comes)


Undo = Argv | Exchange


class Act(Struct, frozen=True):
    do: Argv
    undo: tuple[Undo, ...] = ()
    way: str = ""
    """What tells it from the other ways: `native`."""
    exchange: Exchange | None = None
    """What it does to a device. It is done so, and `do` is only shown, as the line that comes nearest."""

    @property
    def undo_lines(self) -> tuple[Argv, ...]:
        return tuple(what.line if isinstance(what, Exchange) else what for what in self.undo)


class Step(Struct, frozen=True):
    what: str
    """Completes "failed to …" and "xdpctl would …"."""
    acts: tuple[Act, ...]
    """Ways to do it, best first: the next is tried where one is refused."""
    final: bool = False
    """Nothing can be undone from here on; what follows is tried, but can't fail the plan."""
    may_be_done: bool = False
    """It is as good if somebody else has done it meanwhile."""


Plan = tuple[Step, ...]


def step(what: str, do: Argv, *undo: Argv) -> Step:
    return Step(what, (Act(do, undo),))


def exchanging(what: str, exchange: Exchange, may_be_done: bool = False) -> Step:
    """It is undone where what goes is pinned, so that it is still there."""
    undo = (exchange.reversed,) if exchange.goes is None or exchange.goes.pin else ()
    act = Act(exchange.line, undo, exchange.mode, exchange)
    return Step(what, (act,), may_be_done=may_be_done)
