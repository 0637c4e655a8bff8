"""The commands that mend what `why` finds, as lines for a root shell."""

from collections.abc import Iterable

from msgspec.structs import replace

from xdpctl.core.machine.model import Argv, Map, Mode, ProgId, Program
from xdpctl.core.machine.mounts import is_bpffs_root
from xdpctl.core.machine.owners import pinned_programs, yours
from xdpctl.core.machine.paths import BUILD_DIRECTORY, PIN_DIRECTORY, object_name
from xdpctl.core.machine.shell import command_line
from xdpctl.core.spec.model import Counter
from xdpctl.core.why.snapshot import DevicePlace, LastBuilt, RunningProgram, Scene
from xdpctl.core.wording import join


def line(*words: str, inside: Argv = ()) -> str:
    return command_line((*inside, *words))


def then(*lines: str) -> str:
    return " && ".join(filter(None, lines))


def xdpctl(*words: str, netns: str = "", pin: str = PIN_DIRECTORY) -> str:
    options = ("--netns", netns) if netns else ()
    pins = () if pin == PIN_DIRECTORY else ("--pin", pin)
    return line("xdpctl", *options, *words, *pins)


def load(scene: Scene, where: DevicePlace | None = None) -> str:
    """The object that `load` takes by itself; else the last built one, by its name."""
    built = scene.built
    device, netns, _ = _address(scene, where)
    named = () if built is None or built.is_only else (built.path,)
    loading = xdpctl("load", *named, "--dev", device, netns=netns, pin=scene.pin)
    return loading if built else then(xdpctl("build"), loading)


def load_again(scene: Scene, program: Program, where: DevicePlace) -> str:
    """A program that is built anew meanwhile, in place of the one that is loaded."""
    is_only = scene.built is None or scene.built.is_only
    anew = LastBuilt(f"{BUILD_DIRECTORY}/{object_name(program.name)}", is_only)
    return then(xdpctl("unload", pin=scene.pin), load(replace(scene, built=anew), where))


def in_the_way(scene: Scene) -> tuple[str, ...]:
    """Pins of maps for which `load` would refuse the object; where none is built, that of the defaults."""
    names = scene.built.names if scene.built else (Counter().map,)
    wanted = {f"{scene.pin}/{name}" for name in names}
    return tuple(pin for m in scene.maps for pin in m.pinned if pin in wanted)


def attach(scene: Scene, program: Program, where: DevicePlace | None = None, mode: Mode | None = None) -> str:
    device, netns, inside = _address(scene, where)
    how = "xdp" if mode is None else mode.ip_word
    if not program.pinned:
        return line("bpftool", "net", "attach", how, "id", str(program.id), "dev", device, inside=inside)
    pin = program.pinned[0]
    directory = pin.rpartition("/")[0]
    if len(pinned_programs(scene.programs, directory)) == 1:
        wish = () if mode is None else ("--mode", mode)
        return xdpctl("attach", device, *wish, netns=netns, pin=directory)
    return line("ip", "link", "set", "dev", device, how, "pinned", pin, inside=inside)


def instead(scene: Scene, running: Iterable[RunningProgram], *lines: str) -> str:
    """Lines that need programs off their devices. Whoever put it there is asked for one that isn't yours."""
    everything = tuple(running)
    theirs = [r for r in everything if not _is_yours(scene, r.attachment.prog.id)]
    ours = then(*(_release(scene, r) for r in everything if r not in theirs))
    if not theirs:
        return then(ours, *lines)
    who = join(f"{r.attachment.prog.name or 'a program'} (id {r.attachment.prog.id})" for r in theirs)
    devices = join(r.place.name for r in theirs)
    first = f"{ours}, and " if ours else ""
    return f"{who} isn't yours: {first}whoever put it on {devices} can take it off, then: {then(*lines)}"


def _is_yours(scene: Scene, program: ProgId) -> bool:
    """Built by xdpctl, or in the pin directory as `load` leaves it."""
    is_root = is_bpffs_root(scene.pin, scene.mounted)
    loaded = yours(scene.programs, scene.pin, is_root)
    return any(p.id == program and (p.ours or p in loaded) for p in scene.programs)


def _release(scene: Scene, running: RunningProgram) -> str:
    """Takes a program of ours off its device, whatever holds it there."""
    place, program = running.place, running.attachment.prog
    for link in scene.links:
        if link.prog_id == program.id and link.ifindex in (None, place.device.ifindex):
            return line("bpftool", "link", "detach", "id", str(link.id))
    pins = [pin.rpartition("/")[0] for p in scene.programs if p.id == program.id for pin in p.pinned]
    pin = scene.pin if scene.pin in pins else (*pins, PIN_DIRECTORY)[0]
    return xdpctl("detach", place.device.ifname, netns=place.netns, pin=pin)


def up(place: DevicePlace) -> str:
    return line("ip", "link", "set", "dev", place.device.ifname, "up", inside=place.inside)


def pin(scene: Scene, program: Program, maps: Iterable[Map], directory: str) -> str:
    """Maps, and a program of ours, in a directory where nothing else has their names."""
    own = ("prog", program.id, program.name) if program.ours and not program.pinned else None
    things = [*([own] if own else []), *(("map", m.id, m.name) for m in maps if not m.internal)]
    taken = {path for p in scene.programs for path in p.pinned} | {
        path for m in scene.maps for path in m.pinned
    }
    if any(f"{directory}/{name}" in taken for _, _, name in things):
        directory = f"{directory}_{program.id}"
    pins = (line("bpftool", kind, "pin", "id", str(id_), f"{directory}/{name}") for kind, id_, name in things)
    return then(line("mkdir", "-p", directory), *pins)


def dump(scene: Scene, found: Map) -> str:
    if f"{scene.pin}/{found.name}" in found.pinned:
        return xdpctl("dump", found.name, pin=scene.pin)
    return xdpctl("dump", found.pinned[0] if found.pinned else f"id:{found.id}")


def ping(place: DevicePlace, address: str, other_end: DevicePlace | None) -> str:
    """Makes the device receive something."""
    if not address:
        return f"send packets to {place.name}: it has no IPv4 address that could be pinged"
    command = ("ping", "-c", "3", address)
    if other_end is None:
        return f"from another machine: {line(*command)}"
    if other_end.netns != place.netns:
        return line(*command, inside=other_end.inside)
    return (
        f"move its other end into a namespace of its own, and ping from there: "
        f"ip netns add peer && {line('ip', 'link', 'set', other_end.device.ifname, 'netns', 'peer')}"
    )


def _address(scene: Scene, where: DevicePlace | None) -> tuple[str, str, Argv]:
    """The device, its namespace and what enters that; where none is named, the only one that is free.

    The loopback device gets no program: it has no packets from outside.
    """
    netns = scene.netns or ""
    free = [p for p in scene.places if p.netns == netns and not p.is_loopback and not p.device.xdp.attached]
    named = None if where and where.is_loopback else where
    place = named or (free[0] if len(free) == 1 else None)
    return ("DEV", netns, ()) if place is None else (place.device.ifname, place.netns, place.inside)
