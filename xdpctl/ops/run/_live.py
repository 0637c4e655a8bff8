"""What the loaded maps of a program are, for a copy of it to begin with what they hold."""

from xdpctl.core.machine import owners
from xdpctl.core.machine.model import Map, Program
from xdpctl.tools import bpftool, host, naming
from xdpctl.tools.maps.find import exact_map
from xdpctl.tools.programs.find import shown_program


def loaded_maps(program: Program | None, name: str, directory: str) -> tuple[Map, ...]:
    """Those of this program, or of one that is pinned by this name, or of the only one that is pinned."""
    host.require_privileges()
    if program is None and (pin := naming.own_pin(name, directory, "program")):
        program = shown_program("pinned", pin)
    if program is None:
        program = owners.the_program(bpftool.programs(), directory)
    return maps_of(program)


def maps_of(program: Program) -> tuple[Map, ...]:
    """None that hold constants."""
    found = (exact_map(f"id:{id_}").map for id_ in program.map_ids)
    return tuple(map_ for map_ in found if ".rodata" not in map_.name)
