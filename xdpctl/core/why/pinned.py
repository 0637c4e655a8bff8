"""Whether programs and maps are pinned, so that they can be named, and stay when nothing else holds them."""

from xdpctl.core.machine import mounts
from xdpctl.core.machine.model import Map, Program
from xdpctl.core.machine.owners import named
from xdpctl.core.machine.paths import PIN_DIRECTORY
from xdpctl.core.why import fixes, placed
from xdpctl.core.why.finding import Broken, Link
from xdpctl.core.why.snapshot import Scene
from xdpctl.core.wording import join

BPFFS = PIN_DIRECTORY.rpartition("/")[0]


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
    return _uncovered(scene, mount.point) if mounts.is_doubled(mount.point, scene.mounted) else None


def _uncovered(scene: Scene, point: str) -> Broken | None:
    """What can't be seen there is blamed only if a program of ours that runs here has no pin otherwise."""
    says = f"nothing is pinned in {scene.pin}: a second bpffs lies over the first and"
    seen = {pin for p in scene.programs for pin in p.pinned}
    upper = (*seen, *(pin for m in scene.maps for pin in m.pinned))
    hidden = [pin for p in scene.uncovered or () for pin in p.pinned if _is_meant(scene, p, pin)]
    hidden = [pin for pin in hidden if pin not in seen]
    lost = [p for p in scene.user_visible() if p.ours and not p.pinned] if scene.uncovered is None else []
    if not (hidden or lost):
        return None
    says = f"{says} hides {join(hidden)}" if hidden else f"{says} may hide the pins of {named(lost[0])}"
    used = any(pin.startswith(f"{point}/") for pin in upper)
    inner = fixes.then(fixes.line("umount", point), "xdpctl status")
    look = fixes.line("unshare", "--mount", "--propagation", "private", "sh", "-c", inner)
    return Broken(Link.PINNED, "hidden pins", says, look if used else fixes.line("umount", point))


def _is_meant(scene: Scene, program: Program, pin: str) -> bool:
    return program.ours or pin.rpartition("/")[0] == scene.pin


def nothing_pinned(scene: Scene) -> Broken | None:
    if not _nothing_is_pinned(scene):
        return None
    running = {
        r.attachment.prog.id: r for r in scene.running(scene.user_visible()) if r.place.is_user_visible
    }
    program = next((p for p in scene.user_visible() if p.id in running), scene.user_visible()[0])
    if program.pinned:
        directory = program.pinned[0].rpartition("/")[0]
        says = f"nothing is pinned in {scene.pin}: {named(program)} is pinned in {directory}"
        return Broken(Link.PINNED, "pinned elsewhere", says, fixes.xdpctl("why", pin=directory))
    maps = scene.maps_of((program,))
    where = running[program.id]
    if not maps:
        return placed.without_map(scene, where)
    says = f"{where.says}, but neither it nor its maps are pinned in {scene.pin}"
    return Broken(Link.PINNED, "not pinned", says, fixes.pin(scene, program, maps, scene.pin))


def pins_gone(scene: Scene) -> Broken | None:
    """Programs of others may keep their maps without pins: ours never do, nor what somebody pinned."""
    for program in scene.programs_asked():
        lacking = _unpinned(scene, program)
        if lacking and (program.ours or program.pinned):
            return _not_pinned(scene, program, lacking)
    return None


def _unpinned(scene: Scene, program: Program) -> tuple[Map, ...]:
    maps = (scene.asked,) if isinstance(scene.asked, Map) else scene.maps_of((program,))
    return tuple(m for m in maps if not m.pinned and not m.internal)


def _not_pinned(scene: Scene, program: Program, lacking: tuple[Map, ...]) -> Broken:
    runs = scene.running_asked() or scene.running((program,))
    who = next((r.says for r in runs if r.attachment.prog.id == program.id), f"{named(program)} is loaded")
    names = [*([] if program.pinned else [program.name]), *(m.name for m in lacking)]
    says = (
        f"{who}, but {join(names)} {'is' if len(names) == 1 else 'are'} not pinned: "
        f"until it goes, `xdpctl dump` reads {join(f'{m.name} as id:{m.id}' for m in lacking)}"
    )
    directory = program.pinned[0].rpartition("/")[0] if program.pinned else scene.pin
    return Broken(Link.PINNED, "not pinned", says, fixes.pin(scene, program, lacking, directory))


def _nothing_is_pinned(scene: Scene) -> bool:
    return scene.asked is None and not scene.pinned() and not scene.pinned_maps()
