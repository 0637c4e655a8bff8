"""`bpftool prog run`: a program on one packet, many times over, on one CPU or on several at once."""

from collections.abc import Sequence

from msgspec import Struct

from xdpctl.core.machine.model import Argv
from xdpctl.tools import bpftool, proc

SECONDS = 3600.0


class _Answer(Struct, frozen=True):
    duration: int


def command(pin: str, packet_file: str, cpu: int, repeat: int) -> Argv:
    words = ("prog", "run", "pinned", pin, "data_in", packet_file, "repeat", str(repeat))
    return ("taskset", "-c", str(cpu), *bpftool.command(*words))


def at_once(commands: Sequence[Argv]) -> tuple[int, ...]:
    """The nanoseconds per packet that bpftool tells of each, without their fraction."""
    running: list[proc.RunningQuery] = []
    try:
        for argv in commands:
            running.append(proc.start(argv))
        results = [one.result(SECONDS) for one in running]
    finally:
        for one in running:
            one.stop()
    return tuple(bpftool.read(result, _Answer).duration for result in results)
