"""`bpftool prog run`: a program on one packet, many times over, on one CPU or on several at once."""

from collections.abc import Sequence

from msgspec import Struct

from xdpctl.core.machine.model import Argv
from xdpctl.core.plan.plan import Step, step
from xdpctl.tools import bpftool, mountns, proc

PACKET_FILE = f"{mountns.HERE}/packet"
SECONDS = 3600.0


class _Answer(Struct, frozen=True):
    duration: int


def writing(packet: bytes) -> Step:
    octal = "".join(f"\\{byte:03o}" for byte in packet)
    return step("write the packet", ("sh", "-c", f"printf '{octal}' > {PACKET_FILE}"))


def command(pin: str, cpu: int, repeat: int) -> Argv:
    words = ("prog", "run", "pinned", pin, "data_in", PACKET_FILE, "repeat", str(repeat))
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
