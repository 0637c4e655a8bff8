"""An operation that changes the machine, as data: what each step does and what undoes it."""

import shlex
from pathlib import Path

from msgspec import Struct

from xdpctl.core.elf import BpfObject
from xdpctl.core.model import Argv, Mode


class Act(Struct, frozen=True):
    do: Argv
    undo: tuple[Argv, ...] = ()


class Step(Struct, frozen=True):
    what: str
    """Completes "failed to …" and "xdpctl would …"."""
    acts: tuple[Act, ...]
    """Ways to do it, best first: the next is tried where one is refused."""


Plan = tuple[Step, ...]


def command_line(argv: Argv, cwd: Path | None = None) -> str:
    """A command as it can be pasted into a shell."""
    line = shlex.join(argv)
    return line if cwd is None else f"(cd {shlex.quote(str(cwd))} && {line})"


def step(what: str, do: Argv, *undo: Argv) -> Step:
    return Step(what, (Act(do, undo),))


def mount_bpffs(where: str) -> Step:
    return step(f"mount bpffs at {where}", ("mount", "-t", "bpf", "bpf", where), ("umount", where))


def make_directory(path: str) -> Step:
    return step(f"make the directory {path}", ("mkdir", path), ("rmdir", path))


def load(path: str, found: BpfObject, pin: str) -> Plan:
    """Load the program and pin it and its maps. libbpf pins global variables too: those pins go again."""
    program = found.xdp_programs[0]
    pins = [f"{pin}/{name}" for name in (program, *found.maps)]
    internal = [f"{pin}/{name}" for name in internal_pins(path, found)]
    command = ("bpftool", "-j", "-n", "prog", "load", path, pins[0], "type", "xdp", "pinmaps", pin)
    loading = step(f"load {program}", command, ("rm", "-f", *pins, *internal))
    if not internal:
        return (loading,)
    return (loading, step("remove the pins of global variables", ("rm", "-f", *internal)))


def internal_pins(path: str, found: BpfObject) -> tuple[str, ...]:
    """How libbpf names its pins for .rodata, .data and .bss: by the file's name, 15 characters in all."""
    stem = path.rpartition("/")[2].partition(".")[0]
    names = []
    for section in found.sections:
        if section.size and section.name.startswith((".rodata", ".data", ".bss")):
            custom = "." in section.name[1:]
            name = section.name if custom else stem[: 15 - max(7, len(section.name))] + section.name
            names.append("".join(c if c.isalnum() else "_" for c in name))
    return tuple(names)


def attach(device: str, pin: str, modes: tuple[Mode, ...], inside: Argv = ()) -> Step:
    """Put a pinned program on a device; `inside` enters the device's network namespace."""
    return Step(
        f"attach to {device}",
        tuple(
            Act((*inside, *_set(device, mode), "pinned", pin), ((*inside, *_set(device, mode), "off"),))
            for mode in modes
        ),
    )


def detach(device: str, mode: Mode, pin: str | None, inside: Argv = ()) -> Step:
    """Take a program off a device; what is pinned can be put back."""
    undo = () if pin is None else ((*inside, *_set(device, mode), "pinned", pin),)
    return step(f"detach from {device}", (*inside, *_set(device, mode), "off"), *undo)


def _set(device: str, mode: Mode) -> Argv:
    return ("ip", "link", "set", "dev", device, mode.ip_word)


def remove_pins(pins: tuple[str, ...]) -> Step:
    return step("remove the pins", ("rm", *pins))


def remove_directory(path: str) -> Step:
    return step(f"remove the directory {path}", ("rmdir", path))
