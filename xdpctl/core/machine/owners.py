"""Whose program is where: what is pinned in a directory, what occupies a device."""

from collections.abc import Collection, Iterable, Sequence

from xdpctl.core.machine import paths
from xdpctl.core.machine.identifiers import cut
from xdpctl.core.machine.model import (
    Argv,
    AttachedProgram,
    Attachment,
    BpfLink,
    Device,
    Map,
    Mode,
    ProgId,
    Program,
)
from xdpctl.core.machine.paths import BPFFS
from xdpctl.core.machine.shell import command_line
from xdpctl.core.wording import join, listed
from xdpctl.errors import (
    Ambiguous,
    DeviceBusy,
    Gone,
    NoSuchProgram,
    NotAsExpected,
    NotYours,
    Refused,
    XdpctlError,
)

_DISPATCHER = "xdp_dispatcher"


def pinned_programs(programs: Iterable[Program], directory: str) -> tuple[Program, ...]:
    return tuple(p for p in programs if p.type == "xdp" and paths.below(p.pinned, directory))


def yours(programs: Collection[Program], directory: str, is_root: bool) -> tuple[Program, ...]:
    """Of the programs in a directory, those that whoever names it may mean.

    `load` gives each object a directory of its own: in the root of bpffs, or beside those of another object,
    which has other BTF, one that xdpctl didn't build may be anybody's.
    """
    objects = {p.btf_id or f"id:{p.id}" for p in programs if paths.below(p.pinned, directory)}
    alone = not is_root and len(objects) == 1
    return tuple(p for p in pinned_programs(programs, directory) if p.ours or alone)


def ids(programs: Iterable[Program]) -> frozenset[ProgId]:
    return frozenset(p.id for p in programs)


def is_dispatcher(program: Program | AttachedProgram, everyones: Collection[Program]) -> bool:
    """Whether it is libxdp's, which runs others and is pinned nowhere; any program can be called so."""
    if program.name != _DISPATCHER:
        return False
    found = [p for p in everyones if p.id == program.id]
    directories = {pin.rpartition("/")[0] for p in found for pin in p.pinned}
    loaded = (p for d in directories for p in yours(everyones, d, d == BPFFS))
    return not any(p.ours or p in loaded for p in found)


def the_program(programs: Iterable[Program], directory: str, name: str = "") -> Program:
    """The one XDP program that is pinned in a directory, or the one of that name."""
    pinned = pinned_programs(programs, directory)
    if not pinned:
        raise NoSuchProgram(
            f"no XDP program is pinned in {directory}", f"load one: xdpctl load --pin {directory}"
        )
    found = [p for p in pinned if not name or _is_called(p, directory, name)]
    pins = [pin for p in found or pinned for pin in paths.below(p.pinned, directory)]
    if not found:
        raise NoSuchProgram(
            f"there is no XDP program {name!r} in {directory}", f"pinned there: {listed(pins)}"
        )
    if len(found) > 1:
        raise Ambiguous(f"{directory} holds several programs: {listed(pins)}", "say which: --program NAME")
    return found[0]


def _is_called(program: Program, directory: str, name: str) -> bool:
    """By its pin, by its own name, or by what the kernel keeps of it."""
    pins = (pin.rpartition("/")[2] for pin in paths.below(program.pinned, directory))
    return name in {known for whole in (program.name, *pins) for known in (whole, cut(whole))}


def pins_of(program: Program, maps: Iterable[Map], directory: str) -> tuple[str, ...]:
    """The pins in a directory that came with a program: its own and those of the maps that it uses."""
    own = [p for map_ in maps if map_.id in program.map_ids for p in map_.pinned if is_named_so(map_, p)]
    return paths.below((*program.pinned, *own), directory)


def is_named_so(pinned: Map | Program, pin: str) -> bool:
    """Whether a pin has the own name of what is pinned, as libbpf's pins do; of others, somebody has thought.

    The kernel keeps the first 15 characters of a name, and a pin can't have the dot of `.bss`.
    """
    name = pin.rpartition("/")[2]
    return cut(pinned.name) in ("", cut(name)) or pinned.name.replace(".", "_") == name


def occupied(
    device: Device, programs: Collection[Program] | None, links: Iterable[BpfLink], netns: str = ""
) -> DeviceBusy:
    """The refusal to attach where a program runs already, which says whose it is.

    Without root the programs can't be seen.
    """
    attachment = device.xdp.attached[0]
    whose = "" if programs is None else _whose(attachment, programs)
    holder, advice = _holder(device, attachment, links, programs or ())
    ours = [p for p in programs or () if p.ours and p.id == attachment.prog.id]
    how = _by_its_pin(ours[0]) if ours else () if programs is None else ("--force",)
    return DeviceBusy(
        f"{device.ifname} already runs {describe(attachment)}{whose}{holder}",
        advice or f"detach it first: {command_line((*_detach(device, netns), *how))}",
    )


def foreign(
    device: Device, programs: Collection[Program], links: Iterable[BpfLink], netns: str = ""
) -> NotYours:
    """The refusal to detach a program that isn't ours, or that is pinned elsewhere."""
    attachment = device.xdp.attached[0]
    holder, advice = _holder(device, attachment, links, programs)
    detach = _detach(device, netns)
    ours = (p for p in programs if p.ours and p.pinned and p.id == attachment.prog.id)
    ways = [f"name its directory: {command_line((*detach, *_by_its_pin(p)))}" for p in ours]
    ways.append(f"detach it all the same: {command_line((*detach, '--force'))}")
    return NotYours(
        f"{device.ifname} runs {describe(attachment)}{_whose(attachment, programs)}{holder}",
        *((advice,) if advice else ways),
    )


def not_yours(programs: Sequence[Program], directory: str) -> NotYours:
    """The refusal to unload programs that may be anybody's."""
    who = join(map(named, programs))
    unload = command_line(("xdpctl", "unload", "--pin", directory, "--force"))
    return NotYours(
        f"{who}, pinned in {directory}, wasn't built by xdpctl",
        "load gives each program a directory of its own below the root of bpffs: this may be anybody's",
        f"unload it all the same: {unload}",
    )


def _detach(device: Device, netns: str) -> Argv:
    return ("xdpctl", *(("--netns", netns) if netns else ()), "detach", device.ifname)


def _by_its_pin(program: Program) -> Argv:
    return ("--pin", program.pinned[0].rpartition("/")[0]) if program.pinned else ()


def held(
    device: Device,
    attachment: Attachment,
    links: Iterable[BpfLink],
    programs: Collection[Program],
    surely: bool = False,
) -> NotYours | None:
    """The refusal to detach what something else than `ip` holds on this device.

    A link of which the device can't be seen may hold it on another one, unless one surely holds it here.
    """
    known = (link for link in links if surely or link.ifindex is not None)
    holder, advice = _holder(device, attachment, known, programs)
    if not advice:
        return None
    return NotYours(f"{describe(attachment)} on {device.ifname} can't be detached{holder}", advice)


def changed(device: Device, where: str, expected: str, programs: Collection[Program]) -> XdpctlError:
    """The refusal to touch a device on which something else runs by now than was seen there."""
    now = " and ".join(f"{describe(a)}{_whose(a, programs)}" for a in device.xdp.attached)
    if not now and expected:
        return Gone(f"no program runs on {where} any more: somebody else has taken {expected} off")
    runs = f"by now runs {now}" if now else "ran another program a moment ago"
    rather = f", not {expected}" if expected else ""
    return NotAsExpected(f"{where} {runs}{rather}: nothing was changed", "xdpctl status shows it")


def _whose(attachment: Attachment, programs: Iterable[Program]) -> str:
    known = [p for p in programs if p.id == attachment.prog.id]
    pins = " and ".join(pin for p in known for pin in p.pinned)
    built = "built" if any(p.ours for p in known) else "not built"
    return f", {built} by xdpctl" + (f", pinned at {pins}" if pins else "")


def named(program: Program) -> str:
    return f"{program.name or 'a program'} (id {program.id})"


def describe(attachment: Attachment) -> str:
    """Who is on a device: name, id and mode."""
    name = attachment.prog.name or "a program"
    return f"{name} (id {attachment.prog.id}, {attachment.mode.mode} mode)"


def running(device: Device, program: ProgId | None = None) -> frozenset[str]:
    """What can be seen to run on a device: everything, or one program."""
    attached = device.xdp.attached if program is None else device.attachments_of(frozenset({program}))
    return frozenset(f"{describe(a)} on {device.ifname}" for a in attached)


def check_runs(device: Device, program: ProgId, mode: Mode) -> None:
    """An error where a device doesn't run what `ip` was to put there."""
    if any(a.mode.mode is mode for a in device.attachments_of(frozenset({program}))):
        return
    seen = " and ".join(map(describe, device.xdp.attached))
    but = f"runs {seen}, not program {program} in {mode} mode" if seen else "runs no program"
    raise Refused(f"ip reported success, but {device.ifname} {but}", "`xdpctl doctor` checks ip")


def _holder(
    device: Device, attachment: Attachment, links: Iterable[BpfLink], programs: Collection[Program]
) -> tuple[str, str]:
    """What holds a program besides the device, and how to make it let go."""
    if is_dispatcher(attachment.prog, programs):
        return ", held by libxdp's dispatcher", "unload its programs: xdp-loader status, xdp-loader unload"
    own = (link for link in links if link.type == "xdp" and link.prog_id == attachment.prog.id)
    for link in own:
        if link.ifindex in (None, device.ifindex):
            perhaps = "perhaps " if link.ifindex is None else ""
            advice = f"let go of it: bpftool link detach id {link.id}"
            return f", {perhaps}held by bpf link {link.id}", advice
    return "", ""
