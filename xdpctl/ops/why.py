"""Look at the machine, watch it for a second, and say why a counter doesn't move."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec import Struct, structs

from xdpctl.core.machine.model import Map, MapId, Program
from xdpctl.core.machine.mounts import Mount, is_doubled, mount_of
from xdpctl.core.machine.reach import Reach, is_bare
from xdpctl.core.maps.companions import GLOBALS
from xdpctl.core.objects.check import check_object
from xdpctl.core.why import chain, growth, pinned, placed
from xdpctl.core.why.chain import Moves
from xdpctl.core.why.finding import Broken
from xdpctl.core.why.growth import ContentSnapshot
from xdpctl.core.why.snapshot import DevicePlace, LastBuilt, Observed, Scene, Traffic
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import BadRequest, Gone, HostLacks, NoSuchMap, Refused
from xdpctl.tools import bpffs, bpftool, host, iplink, netns
from xdpctl.tools.files import objects
from xdpctl.tools.maps import snapshot, types
from xdpctl.tools.maps.find import find_map, known_names
from xdpctl.tools.programs import odd_verdicts, run_counts

WINDOW = 1.1
"""Seconds to watch: long enough for the next of pings that come each second."""


def explain(
    name: str | None,
    reach: Reach,
    netns_name: str,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Broken | Moves:
    """`name` is a map or a device; None is for what is pinned in the pin directory."""
    host.require_privileges()
    scene = _scene(reach.pin, netns_name)
    if (program := _program(name or "", reach, scene)) is not None:
        found = scene.running((program,))
        if not found:
            return placed.idle(scene, program, None)
        name = found[0].place.device.ifname
        scene = structs.replace(scene, netns=found[0].place.netns or None)
    try:
        scene = structs.replace(scene, asked=_asked(name, reach, scene))
    except BadRequest:
        directory = os.path.dirname(name or "")
        hidden = pinned.hidden_pins(structs.replace(scene, pin=directory)) if directory else None
        if hidden is None:
            raise
        return hidden
    _refuse_gone_maps(scene)
    return chain.at_once(scene) or chain.after(scene, _watch(scene, sleep, clock))


def _scene(pin: str, netns_name: str) -> Scene:
    mounted = bpffs.mounted()
    return Scene(
        programs=bpftool.programs(),
        maps=bpftool.maps(),
        links=bpftool.links(),
        places=tuple(_places(netns.named(netns_name))),
        pin=pin,
        mounted=mounted,
        netns=netns.named(netns_name).name or None,
        built=_last_built(),
        uncovered=_uncovered(mount_of(pin, mounted).point, mounted),
    )


def _last_built() -> LastBuilt | None:
    if not (found := objects.built()):
        return None
    newest = objects.newest(found)
    names: tuple[str, ...] = ()
    has_map = False
    with suppress(BadRequest):  # `load` says what is wrong with it
        built = check_object(objects.read(newest), str(newest))
        names, has_map = (*built.xdp_programs, *built.maps), bool(built.maps)
    return LastBuilt(str(newest), len(found) == 1, names, has_map)


def _uncovered(point: str, mounted: tuple[Mount, ...]) -> tuple[Program, ...] | None:
    if not is_doubled(point, mounted):
        return ()
    try:
        return bpftool.programs_beneath(point)
    except (Refused, HostLacks):
        return None


def _program(name: str, reach: Reach, scene: Scene) -> Program | None:
    """One that is pinned by this name: what is asked is then where it runs."""
    pins = {f"{d}/{name}" for d in reach.directories} if is_bare(name) else {os.path.realpath(name)}
    devices = {place.device.ifname for place in scene.places}
    found = (p for p in scene.xdp() if name not in devices and pins.intersection(p.pinned))
    return next(found, None)


def _refuse_gone_maps(scene: Scene) -> None:
    """bpftool is asked for the maps last: those of a program that is still there are there too."""
    known = {m.id for m in scene.maps}
    for program in scene.programs_asked():
        if gone := set(program.map_ids) - known:
            raise Gone(
                f"bpftool lists no map with id {min(gone)}, which {program.name} uses",
                "try again: it may have been unloaded meanwhile",
            )


def _places(asked: netns.Netns) -> Iterator[DevicePlace]:
    for found, devices in iplink.everywhere():
        namespace = asked if netns.same(found, asked) else found
        for device in devices:
            yield DevicePlace(device, namespace.name, namespace.prefix)


def _asked(name: str | None, reach: Reach, scene: Scene) -> Map | DevicePlace | None:
    if name is None:
        return None
    here = [p for p in scene.places if p.netns == (scene.netns or "")]
    for place in here:
        if place.device.ifname == name:
            return place
    try:
        found = find_map(name, reach).map
    except NoSuchMap as error:
        if not is_bare(name):
            raise
        raise _neither(name, here, scene, reach) from error
    _refuse_others(found, scene)
    return next((m for m in scene.maps if m.id == found.id), found)


def _neither(name: str, here: list[DevicePlace], scene: Scene, reach: Reach) -> NoSuchMap:
    elsewhere = [p.netns for p in scene.places if p.device.ifname == name and p.is_user_visible]
    known = known_names(scene.maps, reach, [p.device.ifname for p in here])
    where = (f"there is one in netns {n}: xdpctl --netns {n} why {name}" for n in elsewhere)
    return NoSuchMap(
        f"there is no map and no device {name!r}",
        *((elsewhere and [next(where)]) or did_you_mean(name, known)),
    )


def _refuse_others(found: Map, scene: Scene) -> None:
    others = [p for p in scene.programs if found.id in p.map_ids]
    if others and not scene.users((found,)):
        raise BadRequest(
            f"{found.name} belongs to {others[0].name}, a {others[0].type} program",
            "why knows of XDP programs alone",
        )


class _Look(Struct, frozen=True):
    contents: dict[MapId, ContentSnapshot]
    runs: int
    meters: dict[str, iplink.Meter]
    at: float


def _watch(scene: Scene, sleep: Callable[[float], None], clock: Callable[[], float]) -> Observed:
    """The devices are looked at last before and first after: what they receive then is counted by then."""
    programs = frozenset(r.attachment.prog.id for r in scene.running_asked())
    watched = {m.id: m for m in (*scene.maps_asked(), *scene.maps_of(scene.programs_asked()))}
    with run_counts.counted() as known, odd_verdicts.recorded(programs) as odd:
        contents, ran = snapshot.contents(watched.values()), run_counts.total(programs)
        first = _Look(contents, ran, _meters(scene), clock())
        sleep(WINDOW)
        at, metered = clock(), _meters(scene)
        ran, returned = run_counts.total(programs), odd.seen()
    then = _Look(snapshot.contents(watched.values()), ran, metered, at)
    return structs.replace(_difference(watched, first, then, known), odd=returned)


def _refuse_gone(scene: Scene, metered: dict[str, iplink.Meter]) -> None:
    for running in scene.running_asked():
        if running.place.name not in metered:
            raise Gone(f"{running.place.name} has gone meanwhile", "xdpctl status shows where programs run")


def _difference(watched: dict[MapId, Map], first: _Look, then: _Look, known: bool) -> Observed:
    before, now = first.contents, then.contents
    readable = [m for m in watched.values() if m.id in before and m.id in now]
    changed = [m for m in readable if before[m.id] != now[m.id]]
    found = {m.id: types.of(m) for m in changed}
    return Observed(
        seconds=then.at - first.at,
        traffic={name: _traffic(meter, then.meters.get(name, meter)) for name, meter in first.meters.items()},
        addresses={name: meter.address for name, meter in then.meters.items()},
        runs=then.runs - first.runs if known else None,
        counted={
            m.id: growth.counted(before[m.id], now[m.id], types.layout(m, found[m.id], raw=False))
            for m in changed
        },
        lost={
            m.id: sum(
                growth.lost(m.name, found[g.id].everything, before[g.id], now[g.id])
                for g in changed
                if g.name.endswith(GLOBALS)
            )
            for m in watched.values()
        },
        full=frozenset(m.id for m in readable if _is_full(m, now[m.id])),
        unreadable=frozenset(watched) - {m.id for m in readable},
    )


def _traffic(first: iplink.Meter, then: iplink.Meter) -> Traffic:
    before, now = first.packets, then.packets
    return Traffic(now.rx.packets - before.rx.packets, now.tx.packets - before.tx.packets)


def _is_full(found: Map, held: ContentSnapshot) -> bool:
    can_be = found.elements_come_singly and not found.evicts
    return can_be and held.elements >= found.max_entries


def _meters(scene: Scene) -> dict[str, iplink.Meter]:
    """Of all devices in the namespaces of the devices in question, by the names of places."""
    places = {r.place.netns: r.place for r in scene.running_asked()}
    found = {
        DevicePlace(p.device, p.netns).name: meter
        for namespace in places.values()
        for meter in iplink.meters(namespace.inside)
        for p in scene.places
        if p.netns == namespace.netns and p.device.ifname == meter.ifname
    }
    _refuse_gone(scene, found)
    return found
