"""What is loaded, pinned and attached."""

from xdpctl.core.machine.model import Placed, ProgramStatus
from xdpctl.tools import bpftool, host, iplink, proc
from xdpctl.tools.netns import named


def status(netns_name: str) -> tuple[ProgramStatus, ...]:
    """Every XDP program in the kernel, with its maps, and its devices in one network namespace."""
    host.require_privileges()
    asked_programs = proc.start(bpftool.PROGRAMS)
    asked_maps = proc.start(bpftool.MAPS)
    devices = iplink.decode(proc.query(iplink.show_command(None, named(netns_name))))
    programs = bpftool.read_programs(asked_programs.result())
    maps = {m.id: m for m in bpftool.read_maps(asked_maps.result())}
    return tuple(
        ProgramStatus(
            program,
            tuple(maps[i] for i in program.map_ids if i in maps),
            tuple(Placed(d.ifname, a) for d in devices for a in d.attachments_of(frozenset({program.id}))),
        )
        for program in programs
        if program.type == "xdp"
    )
