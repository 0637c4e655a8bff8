"""What a new load is to replace: the pin directory, and the maps in it that may go on."""

import os
from collections.abc import Iterable, Mapping

from xdpctl.core.btf.types import BtfDump, MapTypes
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


def maps_there(directory: PinDirectory, names: Iterable[str], maps: Iterable[Map]) -> Mapping[str, Kept]:
    """By their names: those that are pinned so or, where a pin has gone, that its programs use."""
    found = {}
    own = {id_ for program in directory.programs for id_ in program.map_ids}
    pinned = {pin: one for one in maps for pin in paths.below(one.pinned, directory.path)}
    called = {one.name: one for one in maps if one.id in own and not one.internal}
    for name in names:
        if there := pinned.get(f"{directory.path}/{name}") or called.get(name) or called.get(cut(name)):
            found[name] = Kept(there, _types(there))
    return found


def variables_there(directory: PinDirectory, maps: Iterable[Map]) -> Kept | None:
    own = {id_ for program in directory.programs for id_ in program.map_ids}
    found = [one for one in maps if one.id in own and one.internal and one.own_name == VARIABLES]
    return Kept(found[0], _types(found[0])) if found else None


def _types(map_: Map) -> MapTypes:
    """None where libbpf told the kernel of none: all maps of an object were loaded with its BTF."""
    asked = proc.query(bpftool.command("btf", "dump", "map", "id", str(map_.id)))
    untyped = not asked.ok and bpftool.is_missing(bpftool.reason_of(asked))
    return MapTypes() if untyped else types.of(map_)
