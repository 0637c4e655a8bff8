"""Whether packets arrive and are counted: what has to be watched, after a look at the devices."""

from xdpctl.core.machine.model import Map, Mode, Program
from xdpctl.core.machine.owners import describe, ids
from xdpctl.core.values.names import as_returned
from xdpctl.core.why import fixes
from xdpctl.core.why.finding import Broken, Link
from xdpctl.core.why.snapshot import DevicePlace, Observed, RunningProgram, Scene
from xdpctl.core.wording import element_count, join, packets, times


def down(scene: Scene) -> Broken | None:
    found = scene.running_asked()
    if any(_is_up(r.place) for r in found):
        return None
    return Broken(Link.UP, "device down", f"{found[0].says}, which is down", fixes.up(found[0].place))


def no_carrier(scene: Scene) -> Broken | None:
    if connected(scene):
        return None
    running = next(r for r in scene.running_asked() if _is_up(r.place))
    end = scene.other_end(running.place)
    if end is not None:
        says = f"{running.says}, whose other end, {end.name}, is down"
        return Broken(Link.UP, "other end down", says, fixes.up(end))
    what = "whose other end is down" if running.place.is_veth else "to which nothing is connected"
    mend = "set its other end up" if running.place.is_veth else "connect it"
    return Broken(Link.UP, "no carrier", f"{running.says}, {what}", mend)


def connected(scene: Scene) -> tuple[RunningProgram, ...]:
    """Where the programs can receive something."""
    return tuple(r for r in scene.running_asked() if _is_up(r.place) and _has_carrier(scene, r.place))


def no_action(scene: Scene, watched: Observed) -> Broken | None:
    """The kernel drops what the program lets neither pass nor go."""
    if not watched.odd.verdicts:
        return None
    dropped = f"dropped {packets(watched.odd.packets)} in {watched.seconds:.1f} s"
    verdicts, one = join(map(as_returned, watched.odd.verdicts)), len(watched.odd.verdicts) == 1
    says = (
        f"{_ran_by(scene)} returned {verdicts}, which {'is' if one else 'are'} no XDP action: "
        f"the kernel {dropped} for that"
    )
    return Broken(Link.VERDICT, "no XDP action", says, f"see where it does: {_code(scene)}")


def full(scene: Scene, watched: Observed) -> Broken | None:
    for found in scene.maps_asked():
        lost = watched.lost.get(found.id, 0)
        stuck = found.id in watched.full and not watched.counted and _gets_any(scene, watched)
        if lost or stuck:
            count = f", and {packets(lost)} found no place in {watched.seconds:.1f} s" if lost else ""
            says = f"{found.name} (id {found.id}) is full: it holds {element_count(found.max_entries)}{count}"
            again = fixes.load_again(scene, _program(scene), _places(scene)[0])
            return Broken(Link.COUNTS, "map full", says, f"build it with a larger max_entries, then: {again}")
    return None


def passed_by(scene: Scene, watched: Observed) -> Broken | None:
    """Packets come to what lies beneath the device, and no further."""
    if _gets_any(scene, watched):
        return None
    for running in connected(scene):
        for below in scene.beneath(running.place):
            if watched.of([below]).received:
                return _stopped_beneath(scene, watched, running, below)
    return None


def _stopped_beneath(scene: Scene, watched: Observed, running: RunningProgram, below: DevicePlace) -> Broken:
    received = f"{packets(watched.of([below]).received)} in {watched.seconds:.1f} s"
    name = running.place.name
    ours = ids(scene.programs_asked())
    for attachment in below.device.xdp.attached:
        if attachment.prog.id not in ours:
            earlier = RunningProgram(below, attachment)
            says = f"{earlier.says}, beneath {name}, and decides first: of {received} none came through"
            again = _attach(scene, running.place)
            # While a program is above, the kernel changes nothing beneath.
            mend = fixes.instead(scene, [running, earlier], again)
            return Broken(Link.RECEIVES, "earlier program", says, mend)
    says = f"{below.name}, beneath {name}, received {received}, but none was for {name} itself"
    return Broken(Link.RECEIVES, "passed by", says, fixes.instead(scene, [running], _attach(scene, below)))


def only_sent(scene: Scene, watched: Observed) -> Broken | None:
    sent = watched.of(_places(scene)).sent
    if _gets_any(scene, watched) or not sent:
        return None
    places = _places(scene)
    says = (
        f"{join(p.name for p in places)} sent {packets(sent)} in {watched.seconds:.1f} s and received none: "
        f"a program sees only what its device receives"
    )
    end = scene.other_end(places[0])
    mend = _attach(scene, end) if end else "let the other side answer, or send"
    return Broken(Link.RECEIVES, "only sends", says, mend)


def through_loopback(scene: Scene, watched: Observed) -> Broken | None:
    place = _places(scene)[0]
    own = (p for p in scene.places if p.netns == place.netns)
    looped = watched.of(p for p in own if p.is_loopback).received
    if _gets_any(scene, watched) or not looped:
        return None
    says = (
        f"{place.name} received no packets in {watched.seconds:.1f} s, but the loopback device {looped}: "
        f"what a machine sends to its own addresses goes no other way"
    )
    return Broken(Link.RECEIVES, "through loopback", says, _ping(scene, watched, place))


def no_traffic(scene: Scene, watched: Observed) -> Broken | None:
    if _gets_any(scene, watched):
        return None
    names = join(p.name for p in _places(scene))
    says = f"{_ran_by(scene)} waits on {names}, which received no packets in {watched.seconds:.1f} s"
    return Broken(Link.RECEIVES, "no traffic", says, _ping(scene, watched, _places(scene)[0]))


def never_ran(scene: Scene, watched: Observed) -> Broken | None:
    if watched.runs != 0:
        return None
    running = connected(scene)[0]
    generic = running.attachment.mode.mode is Mode.GENERIC
    received = packets(_received(scene, watched))
    says = (
        f"{running.place.name} received {received} in {watched.seconds:.1f} s, and {_ran_by(scene)} saw none"
    )
    mode = Mode.NATIVE if generic else Mode.GENERIC
    again = fixes.attach(scene, _program(scene), running.place, mode)
    return Broken(Link.RUNS, "never ran", says, fixes.instead(scene, [running], again))


def other_counter(scene: Scene, watched: Observed) -> Broken | None:
    """The program runs, and counts in a map that isn't the one that is asked about."""
    moved = [m for m in scene.maps_of(scene.programs_asked()) if m.id in watched.counted]
    # In the global variables of our own programs stands what they keep for themselves.
    moved = [m for m in moved if not m.internal] or ([] if _program(scene).ours else moved)
    kept = _readable(scene, watched)
    if not (moved and kept):
        return None
    mine, theirs = join(m.name for m in kept), join(m.name for m in moved)
    says = f"{_ran_by(scene)} counted in {theirs}, and left {mine} as it was"
    return Broken(Link.COUNTS, "another counter", says, fixes.dump(scene, moved[0]))


def nothing_counted(scene: Scene, watched: Observed) -> Broken:
    running = connected(scene)[0]
    got = f"received {packets(_received(scene, watched))}"
    ran = got if watched.runs is None else f"ran {times(watched.runs)}"
    who = running.place.name if watched.runs is None else _ran_by(scene)
    kept = _readable(scene, watched)
    hidden = [m for m in scene.maps_asked() if m not in kept]
    stayed = f"{join(m.name for m in kept)} stayed the same: it counts other packets" if kept else ""
    unseen = f"the kernel doesn't tell what came into {join(m.name for m in hidden)}" if hidden else ""
    says = f"{who} {ran} in {watched.seconds:.1f} s, and {'; '.join(filter(None, (stayed, unseen)))}"
    return Broken(Link.COUNTS, "nothing counted", says, f"see which it counts: {_code(scene)}")


def _code(scene: Scene) -> str:
    """What shows the instructions of a program, with the lines of C that they come from."""
    program = str(connected(scene)[0].attachment.prog.id)
    return fixes.line("bpftool", "prog", "dump", "xlated", "id", program, "linum")


def _readable(scene: Scene, watched: Observed) -> list[Map]:
    """The maps of which the kernel tells what they hold."""
    return [m for m in scene.maps_asked() if m.id not in watched.unreadable]


def _is_up(place: DevicePlace) -> bool:
    return "UP" in place.device.flags


def _has_carrier(scene: Scene, place: DevicePlace) -> bool:
    """The kernel takes up to a second to notice that the other end of a pair is up again."""
    end = scene.other_end(place)
    return _is_up(end) if end else "NO-CARRIER" not in place.device.flags


def _places(scene: Scene) -> tuple[DevicePlace, ...]:
    return tuple(dict.fromkeys(r.place for r in connected(scene)))


def _received(scene: Scene, watched: Observed) -> int:
    return watched.of(_places(scene)).received


def _gets_any(scene: Scene, watched: Observed) -> bool:
    """Some drivers don't count what a program drops: that it ran is proof enough."""
    return bool(watched.runs or _received(scene, watched))


def _ran_by(scene: Scene) -> str:
    return join(describe(r.attachment) for r in connected(scene))


def _program(scene: Scene) -> Program:
    running = connected(scene)[0].attachment.prog.id
    return next((p for p in scene.programs_asked() if p.id == running), scene.programs_asked()[0])


def _attach(scene: Scene, where: DevicePlace) -> str:
    return fixes.attach(scene, _program(scene), where)


def _ping(scene: Scene, watched: Observed, place: DevicePlace) -> str:
    return fixes.ping(place, watched.addresses.get(place.name, ""), scene.other_end(place))
