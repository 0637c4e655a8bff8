"""Load an object, pin its program and maps, and attach it: all or nothing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xdpctl.core import mounts, owners, plan
from xdpctl.core.elf import BpfObject
from xdpctl.core.model import Mode, ModeChoice
from xdpctl.core.object_check import check_loadable
from xdpctl.errors import BadRequest, Refused
from xdpctl.ops import apply
from xdpctl.tools import bpffs, bpftool, host, iplink, objects
from xdpctl.tools.netns import Netns


@dataclass(frozen=True)
class Request:
    path: Path
    pin: str
    device: str | None
    mode: ModeChoice
    netns: Netns
    dry_run: bool


@dataclass(frozen=True)
class Loaded:
    program: str
    maps: tuple[str, ...]
    pin: str
    device: str | None
    mode: Mode | None
    fell_back: str
    """Why the device runs it in generic mode, though native was tried first."""


@dataclass(frozen=True)
class Prepared:
    request: Request
    found: BpfObject
    operation: apply.Operation


def prepare(request: Request) -> Prepared:
    """The plan, after every check that can be made without changing anything."""
    found = check_loadable(objects.read(request.path), str(request.path))
    mounted = bpffs.mounted()
    fresh = _needs_mount(request.pin, mounted)
    if not fresh and not mounts.in_bpffs(request.pin, mounted):
        raise BadRequest(
            f"{request.pin} is not in a bpffs, so nothing can be pinned there",
            f"choose a directory below {' or '.join(mounts.bpffs_points(mounted)) or bpffs.ROOT}",
        )
    if "." in request.pin:
        raise BadRequest(f"{request.pin}: names in bpffs can't have dots", "choose a name without dots")
    if not request.dry_run:
        host.require_privileges()
        _refuse_taken(request.pin, found)
    if request.device is not None:
        _refuse_occupied(request.device, request.netns)
    steps = tuple(_steps(request, found, fresh))
    return Prepared(request, found, apply.Operation(steps, _facts(request), lambda: _facts(request)))


def run(prepared: Prepared) -> Loaded:
    outcomes = apply.run(prepared.operation)
    request, found = prepared.request, prepared.found
    mode, fell_back = None, ""
    if request.device is not None:
        refused = outcomes[-1].refused
        mode = request.mode.tried[len(refused)]
        fell_back = apply.tool_said(refused[0]) if refused else ""
    return Loaded(found.xdp_programs[0], found.maps, request.pin, request.device, mode, fell_back)


def _steps(request: Request, found: BpfObject, fresh: bool) -> Iterator[plan.Step]:
    if fresh:
        yield plan.mount_bpffs(bpffs.ROOT)
    for directory in (*reversed(Path(request.pin).parents), Path(request.pin)):
        below_root = str(directory).startswith(bpffs.ROOT + "/")
        if (fresh and below_root) or not os.path.exists(directory):
            yield plan.make_directory(str(directory))
    yield from plan.load(str(request.path), found, request.pin)
    if request.device is not None:
        pinned = f"{request.pin}/{found.xdp_programs[0]}"
        yield plan.attach(request.device, pinned, request.mode.tried, request.netns.prefix)


def _needs_mount(pin: str, mounted: tuple[mounts.Mount, ...]) -> bool:
    """bpffs is mounted at its usual place if nothing is; never over anything else."""
    return pin.startswith(bpffs.ROOT + "/") and mounts.mount_of(bpffs.ROOT, mounted).point != bpffs.ROOT


def _refuse_taken(pin: str, found: BpfObject) -> None:
    present = bpffs.entries(pin)
    taken = [name for name in (found.xdp_programs[0], *found.maps) if name in present]
    if taken:
        raise Refused(
            f"{pin} already holds {', '.join(taken)}",
            f"remove it first: xdpctl unload --pin {pin}",
            "or pin this program elsewhere: --pin DIR",
        )


def _refuse_occupied(name: str, netns: Netns) -> None:
    device = iplink.device(name, netns)
    if device.xdp.attached:
        seen = host.privileged()
        programs, links = (bpftool.programs(), bpftool.links()) if seen else ((), ())
        raise owners.occupied(device, programs, links)


def _facts(request: Request) -> apply.Facts:
    """The pins, and the programs of the device."""
    pins = {f"{request.pin}/{name}" for name in bpffs.entries(request.pin)} if host.privileged() else set()
    if request.device is None:
        return frozenset(pins)
    device = iplink.device(request.device, request.netns)
    return frozenset(pins | {f"{owners.describe(a)} on {device.ifname}" for a in device.xdp.attached})
