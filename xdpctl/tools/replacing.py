"""What a new load is to replace: the pin directory, and the maps in it that may go on."""

import os
from collections.abc import Iterable, Mapping

from xdpctl.core.btf.types import BtfDump
from xdpctl.core.machine import mounts, paths
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.identifiers import cut
from xdpctl.core.machine.model import Map
from xdpctl.core.plan.carrying import VARIABLES, Kept
from xdpctl.core.plan.replacing import Directories, beside
from xdpctl.tools import bpftool, proc
from xdpctl.tools.maps import types


def place(directory: PinDirectory) -> Directories:
    """How it is exchanged. What is mounted can't be, and what has directories in it has no second name."""
    path, found = directory.path, os.stat(directory.path)
    mounted = mounts.mount_of(path, directory.mounted).point == path
    return Directories(
        pin=path,
        aside=beside(path, mounted, os.urandom(4).hex()),
        mode=found.st_mode & 0o7777,
        owner=(found.st_uid, found.st_gid),
        whole=not mounted and not any(map(os.path.isdir, directory.pins)),
        present=directory.present,
    )


def types_of_object(path: str) -> BtfDump:
    return bpftool.btf(proc.query(bpftool.command("btf", "dump", "file", path)))


def there(
    directory: PinDirectory, names: Iterable[str], maps: Iterable[Map]
) -> tuple[Mapping[str, Kept], Kept | None]:
    """Maps by their names, and the global variables: those of its programs.

    Maps go by their pins; where one has gone, by what it is called.
    """
    own = {id_ for program in directory.programs for id_ in program.map_ids}
    pinned = {pin: one for one in maps for pin in paths.below(one.pinned, directory.path)}
    called = {one.name: one for one in maps if one.id in own and not one.internal}
    ways = ((n, pinned.get(f"{directory.path}/{n}") or called.get(n) or called.get(cut(n))) for n in names)
    found = {name: one for name, one in ways if one}
    variables = [m for m in maps if m.id in own and m.internal and m.own_name == VARIABLES][:1]
    known = types.of_each((*found.values(), *variables))
    kept = {name: Kept(one, known[one.id]) for name, one in found.items()}
    return kept, next((Kept(one, known[one.id]) for one in variables), None)
