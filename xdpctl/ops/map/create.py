"""Make a map and pin it: through libbpf, so that it keeps its types, or else by bpftool."""

import functools
import os

from msgspec import Struct

from xdpctl.core.maps.new_map import NewMap, new_map
from xdpctl.core.plan import plan
from xdpctl.ops import apply
from xdpctl.tools import host, pinning, turns
from xdpctl.tools.libbpf.create import can_create, create_map
from xdpctl.tools.maps import commands


class Prepared(Struct, frozen=True):
    new: NewMap
    path: str
    directories: plan.Plan
    typed: bool
    """Whether the map will keep its types."""

    @property
    def by_bpftool(self) -> plan.Step:
        command = commands.create(self.new, self.path)
        return plan.step(f"make {self.new.name}", command, ("rm", "-f", self.path))


def prepare(
    named: str,
    directory: str,
    map_type: str,
    key: str,
    value: str,
    max_entries: int,
    flags: tuple[str, ...],
    dry_run: bool,
) -> Prepared:
    new = new_map(os.path.basename(named), map_type, key, value, max_entries, flags)
    if not dry_run:
        host.require_privileges()
        turns.wait()
    path = pinning.free_path(named, directory)
    directories = pinning.directory_steps(os.path.dirname(path))
    return Prepared(new, path, directories, can_create())


def run(prepared: Prepared) -> None:
    steps, path, step = prepared.directories, prepared.path, prepared.by_bpftool
    care: dict[plan.Step, apply.Care] = {**pinning.MOUNTING, step: pinning.Pinned((path,))}
    if prepared.typed:
        make = functools.partial(create_map, prepared.new, path)
        apply.run(apply.Operation(steps, care=care, finish=make, last=True))
    else:
        apply.run(apply.Operation((*steps, step), care=care, last=True))
