"""Pin a map that is there."""

import os

from msgspec import Struct

from xdpctl.core.machine.model import Map
from xdpctl.core.plan import plan
from xdpctl.ops import apply
from xdpctl.tools import host, pinning, turns
from xdpctl.tools.maps import commands
from xdpctl.tools.maps.find import find_map_to_write


class Prepared(Struct, frozen=True):
    map: Map
    path: str
    operation: apply.Operation


def prepare(name: str, directory: str, named: str) -> Prepared:
    host.require_privileges()
    turns.wait()
    found = find_map_to_write(name, directory).map
    path = pinning.free_path(named, directory)
    pinned = plan.step(f"pin {found.name}", commands.pin(found, path), ("rm", "-f", path))
    steps = (*pinning.directory_steps(os.path.dirname(path)), pinned)
    care: dict[plan.Step, apply.Care] = {**pinning.MOUNTING, pinned: pinning.Pinned((path,))}
    return Prepared(found, path, apply.Operation(steps, care=care, last=True))


def run(prepared: Prepared) -> None:
    apply.run(prepared.operation)
