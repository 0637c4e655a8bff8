"""Whether the right program is in its place: what can be seen without waiting for packets."""

from collections.abc import Callable, Iterator

from xdpctl.core.machine.identifiers import may_be_same
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.machine.owners import is_dispatcher, named
from xdpctl.core.why import fixes
from xdpctl.core.why.finding import Broken, Link
from xdpctl.core.why.snapshot import DevicePlace, RunningProgram, Scene
from xdpctl.core.wording import join

READ_ONLY = 1 << 7
"""BPF_F_RDONLY_PROG: programs can't write such a map."""


def no_program(scene: Scene) -> Broken | None:
    if scene.user_visible() or scene.maps_asked():
        return None
    mend = fixes.load(scene, scene.asked if isinstance(scene.asked, DevicePlace) else None)
    return Broken(Link.LOADED, "no program", "no XDP program is pinned, and none runs on a device", mend)


def other_map(scene: Scene) -> Broken | None:
    """A program that runs counts in a map of the same name: it was loaded anew, or by `ip`."""
    used = {i for p in scene.xdp() if scene.running((p,)) for i in p.map_ids}
    for mine in _maps_meant(scene):
        if mine.id in used:
            continue
        for running, theirs in _namesakes(scene, mine):
            says = f"{running.says} and counts in a {mine.name} with id {theirs.id}, not {_at(mine)}"
            mend = _make_it_mine(scene, mine, theirs, running)
            return Broken(Link.RIGHT_MAP, "another map", says, mend)
    return None


def unused_map(scene: Scene) -> Broken | None:
    if isinstance(scene.asked, DevicePlace) or scene.programs_asked():
        return None
    says = f"no program uses {join(f'{m.name} (id {m.id})' for m in scene.maps_asked())}"
    if pinned := scene.pinned():
        says, mend = _counted_elsewhere(scene, pinned[0], says)
    elif pins := fixes.in_the_way(scene):
        is_are = "is" if len(pins) == 1 else "are"
        says += f"; `load` refuses while {join(pins)} {is_are} there, and rm takes the elements too"
        mend = fixes.then(fixes.line("rm", *pins), fixes.load(scene))
    else:
        mend = fixes.load(scene)
    return Broken(Link.LOADED, "unused map", says, mend)


def _counted_elsewhere(scene: Scene, program: Program, says: str) -> tuple[str, str]:
    """Where a program is loaded already, no other can be; it has maps of its own, or none."""
    own = [m for m in scene.maps_of((program,)) if not m.internal]
    if not own:
        where = next((r.place for r in scene.running((program,))), None)
        mend = _unload_and_count(scene, program.name, where)
        return f"{says}, and {named(program)} has no map to count in", mend
    return f"{says}: {named(program)} uses {join(m.name for m in own)}", fixes.dump(scene, own[0])


def read_only(scene: Scene) -> Broken | None:
    if not isinstance(scene.asked, Map) or not scene.asked.flags & READ_ONLY:
        return None
    mine = scene.asked
    others = [m for m in scene.maps_of(scene.users((mine,))) if not m.flags & READ_ONLY and not m.internal]
    mend = fixes.dump(scene, others[0]) if others else f"bpftool map update id {mine.id} key ... value ..."
    says = f"programs can't write {mine.name} (id {mine.id}): only user space does"
    return Broken(Link.RIGHT_MAP, "read-only map", says, mend)


def elsewhere(scene: Scene) -> Broken | None:
    """Nothing runs on the device that is asked about."""
    here = scene.asked
    if not isinstance(here, DevicePlace) or here.device.xdp.attached:
        return None
    candidates = scene.pinned() or scene.user_visible()
    program = candidates[0]
    runs = scene.running(candidates)
    if not runs:
        return idle(scene, program, here)
    if here.is_loopback:
        return _not_loopback(here, runs[0])
    end = scene.other_end(here)
    best = min(runs, key=lambda r: (r.place != end, r.place.device.ifname != here.device.ifname))
    program = next((p for p in candidates if p.id == best.attachment.prog.id), program)
    move = fixes.attach(scene, program, here)
    if best.place == end:
        says = f"{best.says}, the other end of {here.name}: there it sees what {here.name} sends"
        move = fixes.instead(scene, [best], move)
        return Broken(Link.ATTACHED, "other end", says, move)
    if best.place.device.ifname == here.device.ifname:
        says = f"{best.says}, not on {here.name if here.netns else f'the {here.name} of this namespace'}"
        return Broken(Link.ATTACHED, "another namespace", says, move)
    return Broken(Link.ATTACHED, "another device", f"{best.says}, not on {here.name}", move)


def _not_loopback(here: DevicePlace, best: RunningProgram) -> Broken:
    """There a program sees nothing that comes from outside: one that runs elsewhere is the better one."""
    says = (
        f"{best.says}, not on {here.name}, which carries only what the machine sends to itself, "
        f"and has XDP in generic mode alone"
    )
    look = fixes.xdpctl("why", best.place.device.ifname, netns=best.place.netns)
    return Broken(Link.ATTACHED, "another device", says, look)


def no_map(scene: Scene) -> Broken | None:
    """A program is on the device that counts nothing: somebody else's, as a rule."""
    if scene.maps_asked():
        return None
    if isinstance(scene.asked, DevicePlace):
        return without_map(scene, RunningProgram(scene.asked, scene.asked.device.xdp.attached[0]))
    running = scene.running_asked()
    return without_map(scene, running[0]) if running else None


def without_map(scene: Scene, running: RunningProgram) -> Broken:
    what = " for several programs" if is_dispatcher(running.attachment.prog, scene.programs) else ""
    says = f"{running.says}{what}, and has no map to count in"
    return Broken(Link.RIGHT_MAP, "another program", says, _put_ours(scene, running))


def not_attached(scene: Scene) -> Broken | None:
    if isinstance(scene.asked, DevicePlace) or scene.running_asked():
        return None
    program = next((p for p in scene.programs_asked() if p.type == "xdp"), scene.programs_asked()[0])
    others = scene.running(scene.programs_asked())
    if others:
        says = f"{others[0].says}, not in netns {scene.netns}"
        return Broken(Link.ATTACHED, "another namespace", says, fixes.attach(scene, program))
    return idle(scene, program, None)


def idle(scene: Scene, program: Program, where: DevicePlace | None) -> Broken:
    says = f"{named(program)} is loaded, but runs on no device"
    return Broken(Link.ATTACHED, "not attached", says, fixes.attach(scene, program, where))


def _maps_meant(scene: Scene) -> tuple[Map, ...]:
    """The maps that a user looks into."""
    return scene.pinned_maps() if isinstance(scene.asked, DevicePlace) else scene.maps_asked()


def _namesakes(scene: Scene, mine: Map) -> Iterator[tuple[RunningProgram, Map]]:
    """Of a device that is asked about, only maps that can't be meant, since they aren't pinned."""
    for program in scene.user_visible():
        found = [m for m in scene.maps_of((program,)) if may_be_same(m.name, mine.name)]
        for running in scene.running((program,)):
            if not running.place.is_user_visible:
                continue
            if not isinstance(scene.asked, DevicePlace):
                yield from ((running, theirs) for theirs in found)
            elif running.place == scene.asked:
                yield from ((running, theirs) for theirs in found if not theirs.pinned)


def _make_it_mine(scene: Scene, mine: Map, theirs: Map, running: RunningProgram) -> str:
    users = [p for p in scene.users((mine,)) if p.pinned]
    if users and not theirs.pinned:
        return fixes.instead(scene, [running], fixes.attach(scene, users[0], running.place))
    if theirs.pinned or not mine.pinned:
        return fixes.dump(scene, theirs)
    pin = mine.pinned[0]
    return fixes.then(fixes.line("rm", pin), fixes.line("bpftool", "map", "pin", "id", str(theirs.id), pin))


def _put_ours(scene: Scene, running: RunningProgram) -> str:
    """A program that counts in the place of one that doesn't."""
    pinned = scene.pinned()
    counters = [p for p in pinned if scene.maps_of((p,))]
    if counters:
        return fixes.instead(scene, [running], fixes.attach(scene, counters[0], running.place))
    if pinned:
        return _unload_and_count(scene, running.attachment.prog.name, running.place)
    return _count(
        scene,
        running.attachment.prog.name,
        lambda: fixes.instead(scene, [running], fixes.load(scene, running.place)),
    )


def _unload_and_count(scene: Scene, program: str, where: DevicePlace | None) -> str:
    unload = fixes.xdpctl("unload", pin=scene.pin)
    return _count(scene, program, lambda: fixes.then(unload, fixes.load(scene, where)))


def _count(scene: Scene, program: str, mend: Callable[[], str]) -> str:
    """The same program in a version that counts, where there is one: another does something else."""
    if scene.built is not None and scene.built.counts_as(program):
        return mend()
    return f"have {program or 'it'} count in a map, build it, and load it again"


def _at(found: Map) -> str:
    return f"in that at {join(found.pinned)} (id {found.id})" if found.pinned else f"with id {found.id}"
