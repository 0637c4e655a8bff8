"""What is loaded, pinned and attached."""

import os

from xdpctl.core.machine import listing
from xdpctl.core.machine.model import Device, Placed, ProgramStatus
from xdpctl.core.machine.reach import is_bare
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import NoSuchProgram
from xdpctl.tools import bpftool, host, iplink, proc
from xdpctl.tools.netns import named


def status(netns_name: str, own_directory: str, wanted: str = "") -> tuple[ProgramStatus, ...]:
    """XDP programs in the kernel, with their maps, and their devices in one network namespace.

    One's own come first. All, or those that have to do with a program, a map, a device or a directory.
    """
    host.require_privileges()
    asked_programs = proc.start(bpftool.PROGRAMS)
    asked_maps = proc.start(bpftool.MAPS)
    devices = iplink.decode(proc.query(iplink.show_command(None, named(netns_name))))
    programs = bpftool.read_programs(asked_programs.result())
    maps = {m.id: m for m in bpftool.read_maps(asked_maps.result())}
    found = (
        ProgramStatus(
            program,
            tuple(maps[i] for i in program.map_ids if i in maps),
            tuple(Placed(d.ifname, a) for d in devices for a in d.attachments_of(frozenset({program.id}))),
        )
        for program in programs
        if program.type == "xdp"
    )
    in_order = listing.own_first(found, own_directory)
    return _chosen(in_order, wanted, devices) if wanted else in_order


def _chosen(
    programs: tuple[ProgramStatus, ...], wanted: str, devices: tuple[Device, ...]
) -> tuple[ProgramStatus, ...]:
    """None is an answer where there is such a device or directory."""
    at = os.path.realpath(wanted) if "/" in wanted else wanted
    chosen = tuple(one for one in programs if listing.concerns(one, at))
    names = [d.ifname for d in devices]
    if chosen or wanted in names or os.path.isdir(at):
        return chosen
    if not is_bare(wanted):
        raise NoSuchProgram(f"there is no XDP program {wanted}", "xdpctl status shows all, and their pins")
    known = dict.fromkeys(name for one in programs for name in listing.names(one))
    raise NoSuchProgram(
        f"there is no XDP program, map or device {wanted!r}", *did_you_mean(wanted, [*known, *names])
    )
