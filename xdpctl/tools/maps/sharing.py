"""Maps that are there already, and take the places of those that an object defines."""

from collections.abc import Collection, Iterator, Mapping

from xdpctl.core.machine.model import Argv
from xdpctl.core.objects import sharing
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.objects.map_definitions import MapDefinition
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import NoSuchMap
from xdpctl.tools import host
from xdpctl.tools.maps.find import find_map_to_write


def used(
    named: Mapping[str, str], found: BpfObject, path: str, pin: str, present: Collection[str]
) -> Iterator[tuple[str, Argv]]:
    """Those that were named, and those that are pinned by their name."""
    defined = {definition.name: definition for definition in found.map_definitions}
    for name in named:
        if name not in defined:
            raise NoSuchMap(f"{path} has no map {name!r}", *did_you_mean(name, defined))
    by_name = (n for n, d in defined.items() if d.unpinning and n in present)
    for name in dict.fromkeys((*named, *by_name)):
        yield name, _there(named.get(name, name), defined[name], path, pin)


def _there(name: str, wanted: MapDefinition, path: str, pin: str) -> Argv:
    """How bpftool names it; only root can see what it is."""
    if not host.privileged():
        return ("pinned", name if "/" in name else f"{pin}/{name}")
    found = find_map_to_write(name, pin)
    where = found.pin or f"id:{found.map.id}"
    sharing.check(wanted, found.map, where, path)
    return ("id", str(found.map.id)) if found.pin is None else ("pinned", found.pin)
