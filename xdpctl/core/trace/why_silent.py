"""Why no program prints anything: what is known of them, in; the reason and what to do, out."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from xdpctl.core.machine.shell import command_line
from xdpctl.core.wording import listed

MOST = 3
"""So many names are told."""


class Printer(Struct, frozen=True):
    """A loaded XDP program."""

    name: str
    prints: bool
    """Whether it calls bpf_printk at all."""
    places: tuple[str, ...] = ()
    """The devices on which it runs, in any network namespace."""


class Silence(Struct, frozen=True):
    reason: str
    remedy: str


def why(tracing_off: str, programs: Sequence[Printer], wanted: str) -> Silence:
    """`tracing_off` is the file that switches the log off, if it does; `wanted` a name that they all have."""
    if tracing_off:
        return Silence("somebody has switched this trace log off", f"switch it on: echo 1 > {tracing_off}")
    if not programs:
        return Silence(
            f"{wanted} isn't loaded any more" if wanted else "no XDP program is loaded",
            "load one that prints: xdpctl build --printk seen; xdpctl load --dev DEVICE",
        )
    printing = [program for program in programs if program.prints]
    if not printing:
        who = f"{_names(programs)} never calls" if len(programs) == 1 else _none_of(programs)
        return Silence(f"{who} bpf_printk", "build one that does: xdpctl build --printk seen")
    running = [program for program in printing if program.places]
    if not running:
        verb = "prints, but runs" if len(printing) == 1 else "print, but run"
        return Silence(f"{_names(printing)} {verb} on no device", "put it on one: xdpctl attach DEVICE")
    where = _some(f"{p.name} on {', '.join(p.places)}" for p in running)
    return Silence(
        f"no packet has come in that makes a program print: {where}",
        f"see whether any come: {_counters(running[0].places[0])}\n"
        "a message with a % that means nothing to bpf_printk is never printed either: write %%",
    )


def _none_of(programs: Sequence[Printer]) -> str:
    return f"none of the loaded XDP programs ({_names(programs)}) calls"


def _names(programs: Iterable[Printer]) -> str:
    return _some(dict.fromkeys(program.name or "unnamed" for program in programs))


def _some(words: Iterable[str]) -> str:
    return listed(words, MOST)


def _counters(place: str) -> str:
    """How to see the counters of a device, which may be in another namespace: `veth1 in netns peer`."""
    device, _, namespace = place.partition(" in netns ")
    show = ("-s", "link", "show", "dev", device)
    if "/" in namespace:
        return command_line(("nsenter", f"--net={namespace}", "ip", *show))
    return command_line(("ip", *(("-n", namespace) if namespace else ()), *show))
