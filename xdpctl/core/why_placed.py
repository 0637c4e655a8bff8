"""Whether the right program is in its place: what can be seen without waiting for packets."""

from collections.abc import Iterator

from xdpctl.core import mending, mounts
from xdpctl.core.artifacts import PIN_DIRECTORY
from xdpctl.core.broken import Broken, Link, join
from xdpctl.core.model import Map, Program
from xdpctl.core.owners import DISPATCHER
from xdpctl.core.scene import Place, Running, Scene

BPFFS = PIN_DIRECTORY.rpartition("/")[0]
READ_ONLY = 1 << 7
"""BPF_F_RDONLY_PROG: programs can't write such a map."""


def no_program(scene: Scene) -> Broken | None:
    if _near(scene) or scene.maps_asked():
        return None
    mend = mending.load(scene, scene.asked if isinstance(scene.asked, Place) else None)
    return Broken(Link.LOADED, "no program", "no XDP program is pinned, and none runs on a device", mend)


def hidden_pins(scene: Scene) -> Broken | None:
    """Only where nothing is pinned, as far as can be seen, and yet there are programs."""
    if not _nothing_is_pinned(scene) or not scene.xdp():
        return None
    mount = mounts.mount_of(scene.pin, scene.mounted)
    if mount.kind != "bpf" and scene.pin.startswith(BPFFS):
        return Broken(
            Link.PINNED,
            "no bpffs",
            f"{scene.pin} isn't in a bpffs, as in a shell of `ip netns exec`, which hides all pins",
            "nsenter --target 1 --mount",
        )
    if [(m.point, m.kind) for m in scene.mounted].count((mount.point, "bpf")) > 1:
        return Broken(
            Link.PINNED,
            "hidden pins",
            f"nothing is pinned in {scene.pin}: a second bpffs lies over the first and hides its pins",
            mending.line("umount", mount.point),
        )
    return None


def nothing_pinned(scene: Scene) -> Broken | None:
    if not _nothing_is_pinned(scene):
        return None
    running = {r.attachment.prog.id: r for r in scene.running(_near(scene)) if r.place.is_near}
    program = next((p for p in _near(scene) if p.id in running), _near(scene)[0])
    if program.pinned:
        directory = program.pinned[0].rpartition("/")[0]
        says = f"nothing is pinned in {scene.pin}: {_named(program)} is pinned in {directory}"
        return Broken(Link.PINNED, "pinned elsewhere", says, mending.xdpctl("why", pin=directory))
    maps = scene.maps_of((program,))
    where = running[program.id]
    if not maps:
        return _without_map(scene, where)
    says = f"{where.says}, but neither it nor its maps are pinned in {scene.pin}"
    return Broken(Link.PINNED, "not pinned", says, mending.pin_maps(maps, scene.pin))


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
    if isinstance(scene.asked, Place) or scene.programs_asked():
        return None
    unused = scene.maps_asked()
    pins = dict.fromkeys(pin for m in unused for pin in m.pinned)
    remove = mending.line("rm", *pins) if pins else ""
    says = f"no program uses {join(f'{m.name} (id {m.id})' for m in unused)}"
    return Broken(Link.LOADED, "unused map", says, mending.then(remove, mending.load(scene)))


def read_only(scene: Scene) -> Broken | None:
    if not isinstance(scene.asked, Map) or not scene.asked.flags & READ_ONLY:
        return None
    mine = scene.asked
    others = [m for m in scene.maps_of(scene.users((mine,))) if not m.flags & READ_ONLY and not m.internal]
    mend = mending.dump(scene, others[0]) if others else f"bpftool map update id {mine.id} key ... value ..."
    says = f"programs can't write {mine.name} (id {mine.id}): only user space does"
    return Broken(Link.RIGHT_MAP, "read-only map", says, mend)


def elsewhere(scene: Scene) -> Broken | None:
    """Nothing runs on the device that is asked about."""
    here = scene.asked
    if not isinstance(here, Place) or here.device.xdp.attached:
        return None
    candidates = scene.pinned() or _near(scene)
    program = candidates[0]
    runs = scene.running(candidates)
    if not runs:
        return _idle(scene, program, here)
    end = scene.other_end(here)
    best = min(runs, key=lambda r: (r.place != end, r.place.device.ifname != here.device.ifname))
    program = next((p for p in candidates if p.id == best.attachment.prog.id), program)
    move = mending.attach(scene, program, here)
    if best.place == end:
        says = f"{best.says}, the other end of {here.name}: there it sees what {here.name} sends"
        move = mending.then(mending.release(scene, best), move)
        return Broken(Link.ATTACHED, "other end", says, move)
    if best.place.device.ifname == here.device.ifname:
        says = f"{best.says}, not on {here.name if here.netns else f'the {here.name} of this namespace'}"
        return Broken(Link.ATTACHED, "another namespace", says, move)
    return Broken(Link.ATTACHED, "another device", f"{best.says}, not on {here.name}", move)


def no_map(scene: Scene) -> Broken | None:
    """A program is on the device that counts nothing: somebody else's, as a rule."""
    if scene.maps_asked():
        return None
    if isinstance(scene.asked, Place):
        return _without_map(scene, Running(scene.asked, scene.asked.device.xdp.attached[0]))
    running = scene.running_asked()
    return _without_map(scene, running[0]) if running else None


def _without_map(scene: Scene, running: Running) -> Broken:
    what = " for several programs" if running.attachment.prog.name == DISPATCHER else ""
    says = f"{running.says}{what}, and has no map to count in"
    return Broken(Link.RIGHT_MAP, "another program", says, _put_ours(scene, running))


def not_attached(scene: Scene) -> Broken | None:
    if isinstance(scene.asked, Place) or scene.running_asked():
        return None
    program = next((p for p in scene.programs_asked() if p.type == "xdp"), scene.programs_asked()[0])
    others = scene.running(scene.programs_asked())
    if others:
        says = f"{others[0].says}, not in netns {scene.netns}"
        return Broken(Link.ATTACHED, "another namespace", says, mending.attach(scene, program))
    return _idle(scene, program, None)


def _idle(scene: Scene, program: Program, where: Place | None) -> Broken:
    says = f"{_named(program)} is loaded, but runs on no device"
    return Broken(Link.ATTACHED, "not attached", says, mending.attach(scene, program, where))


def _maps_meant(scene: Scene) -> tuple[Map, ...]:
    """The maps that a user looks into."""
    return scene.pinned_maps() if isinstance(scene.asked, Place) else scene.maps_asked()


def _namesakes(scene: Scene, mine: Map) -> Iterator[tuple[Running, Map]]:
    """Of a device that is asked about, only maps that can't be meant, since they aren't pinned."""
    for program in _near(scene):
        found = [m for m in scene.maps_of((program,)) if m.name == mine.name]
        for running in scene.running((program,)):
            if not running.place.is_near:
                continue
            if not isinstance(scene.asked, Place):
                yield from ((running, theirs) for theirs in found)
            elif running.place == scene.asked:
                yield from ((running, theirs) for theirs in found if not theirs.pinned)


def _make_it_mine(scene: Scene, mine: Map, theirs: Map, running: Running) -> str:
    users = [p for p in scene.users((mine,)) if p.pinned]
    if users and not theirs.pinned:
        return mending.then(mending.release(scene, running), mending.attach(scene, users[0], running.place))
    if theirs.pinned or not mine.pinned:
        return mending.dump(scene, theirs)
    pin = mine.pinned[0]
    return mending.then(
        mending.line("rm", pin), mending.line("bpftool", "map", "pin", "id", str(theirs.id), pin)
    )


def _put_ours(scene: Scene, running: Running) -> str:
    """A program that counts in the place of one that doesn't."""
    pinned = scene.pinned()
    counters = [p for p in pinned if scene.maps_of((p,))]
    load = mending.load(scene, running.place)
    if pinned and not counters:
        return mending.then(mending.xdpctl("unload", pin=scene.pin), load)
    ours = mending.attach(scene, counters[0], running.place) if counters else load
    return mending.then(mending.release(scene, running), ours)


def _near(scene: Scene) -> tuple[Program, ...]:
    """Programs that the user may mean: not those that run in containers, and are pinned there if at all."""
    return tuple(p for p in scene.xdp() if p.pinned or any(r.place.is_near for r in scene.running((p,))))


def _nothing_is_pinned(scene: Scene) -> bool:
    return scene.asked is None and not scene.pinned() and not scene.pinned_maps()


def _named(program: Program) -> str:
    return f"{program.name or 'a program'} (id {program.id})"


def _at(found: Map) -> str:
    return f"in that at {join(found.pinned)} (id {found.id})" if found.pinned else f"with id {found.id}"
