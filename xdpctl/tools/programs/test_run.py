"""A program on packets: a few by `bpftool prog run`, many through libbpf, which costs no process."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Argv, ProgId
from xdpctl.core.packets.run_counts import Run
from xdpctl.core.packets.samples import Packet
from xdpctl.core.plan import plan
from xdpctl.core.plan.plan import Plan
from xdpctl.errors import Refused
from xdpctl.tools import bpftool, proc

AT_ONCE = 500
"""Packets for each process: starting it costs as much as a hundred of them."""


class _Answer(Struct):
    retval: Annotated[int, Meta(ge=0)]


class RunPlace(Struct, frozen=True):
    """A directory in memory, and the program as bpftool names it: `pinned PATH`, or `id N`."""

    directory: str
    program: Argv

    @property
    def commands(self) -> str:
        return f"{self.directory}/commands"

    @property
    def batch(self) -> Argv:
        return bpftool.command("batch", "file", self.commands)

    def packet(self, number: int) -> str:
        return f"{self.directory}/packet{number}"

    def out(self, number: int) -> str:
        return f"{self.directory}/out{number}"

    def contents(self, packets: Sequence[Packet]) -> Iterator[tuple[str, bytes]]:
        """The files to write, so that bpftool can run the program on these packets."""
        for i, packet in enumerate(packets):
            yield self.packet(i), packet.data
        lines = (
            " ".join(("prog", "run", *self.program, "data_in", self.packet(i), "data_out", self.out(i)))
            for i in range(len(packets))
        )
        yield self.commands, "".join(f"{line}\n" for line in lines).encode()


class Running(Struct, frozen=True):
    """A program that is loaded, and what runs it."""

    place: RunPlace
    program: ProgId
    through_libbpf: bool

    def on(self, packets: Iterable[Packet]) -> Iterator[Run]:
        """As they come."""
        return self._libbpf(packets) if self.through_libbpf else self._bpftool(packets)

    def _libbpf(self, packets: Iterable[Packet]) -> Iterator[Run]:
        from xdpctl.tools.libbpf import opening, programs

        proc.remark(f"bpf_prog_test_run_opts of libbpf, on program id {self.program} for each packet")
        with opening.open_program(self.program) as fd:
            yield from programs.run_each(fd, packets)

    def _bpftool(self, packets: Iterable[Packet]) -> Iterator[Run]:
        waiting = iter(packets)
        while some := tuple(islice(waiting, AT_ONCE)):
            yield from run(self.place, some)


def has_libbpf() -> bool:
    from xdpctl.tools import libbpf

    return libbpf.can("bpf_prog_test_run_opts")


def steps(place: RunPlace, packets: Sequence[Packet]) -> Plan:
    """The same as `run`, as a plan."""
    writing = [plan.step(f"write {path}", _write(path, data)) for path, data in place.contents(packets)]
    return (*writing, plan.step("run the program on the packets", place.batch))


def run(place: RunPlace, packets: Sequence[Packet]) -> Iterator[Run]:
    for path, data in place.contents(packets):
        if proc.shows():
            proc.shown(_write(path, data))
        Path(path).write_bytes(data)
    for i in range(len(packets)):
        Path(place.out(i)).unlink(missing_ok=True)  # what is there afterwards is of these packets
    ran = bpftool.each(proc.query(place.batch), len(packets))
    if len(ran) != len(packets) and not (len(ran) < len(packets) and bpftool.reports_error(ran[-1])):
        raise answers.unreadable("bpftool", f"{len(ran)} answers for {len(packets)} packets")
    for i, (packet, one) in enumerate(zip(packets, ran, strict=False)):
        if bpftool.reports_error(one):
            raise Refused(f"packet {packet.name} can't be run: {bpftool.reason_of(one)}")
        yield Run(packet, bpftool.read(one, _Answer).retval, _left(place.out(i)))


def _left(path: str) -> bytes:
    """The packet as the program left it."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise answers.unreadable("bpftool", "no packet as the program left it") from None


def _write(path: str, data: bytes) -> Argv:
    """What is printable as it is, newlines and all else as `printf` takes it."""
    safe = (chr(b) if 32 <= b < 127 and b not in b'"\\\\$`%' else f"\\{b:03o}" for b in data)
    return ("sh", "-c", f'printf "{"".join(safe)}" > {path}')
