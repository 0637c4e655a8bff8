"""Whose program is where: what is pinned in a directory, what occupies a device."""

from collections.abc import Iterable

from xdpctl.core.model import Attachment, BpfLink, Device, Map, ProgId, Program
from xdpctl.errors import BadRequest, Refused

DISPATCHER = "xdp_dispatcher"


def below(pins: Iterable[str], directory: str) -> tuple[str, ...]:
    """Those of the pins that lie directly in a directory."""
    return tuple(pin for pin in pins if pin.rpartition("/")[0] == directory)


def pinned_programs(programs: Iterable[Program], directory: str) -> tuple[Program, ...]:
    return tuple(p for p in programs if p.type == "xdp" and below(p.pinned, directory))


def ids(programs: Iterable[Program]) -> frozenset[ProgId]:
    return frozenset(p.id for p in programs)


def the_program(programs: Iterable[Program], directory: str) -> Program:
    """The one XDP program that is pinned in a directory."""
    found = pinned_programs(programs, directory)
    if not found:
        raise BadRequest(
            f"no XDP program is pinned in {directory}", f"load one: xdpctl load --pin {directory}"
        )
    if len(found) > 1:
        names = ", ".join(pin for p in found for pin in below(p.pinned, directory))
        raise BadRequest(
            f"{directory} holds several programs: {names}", "load each into a directory of its own"
        )
    return found[0]


def pins_of(program: Program, maps: Iterable[Map], directory: str) -> tuple[str, ...]:
    """The pins in a directory that belong to a program: its own and those of its maps."""
    own = [pin for map_ in maps if map_.id in program.map_ids for pin in map_.pinned]
    return below((*program.pinned, *own), directory)


def occupied(device: Device, programs: Iterable[Program], links: Iterable[BpfLink]) -> Refused:
    """The refusal to touch a device's program, which says whose it is."""
    attachment = device.xdp.attached[0]
    holder, advice = _holder(attachment, tuple(links))
    known = [p for p in programs if p.id == attachment.prog.id]
    ours = any(p.ours for p in known)
    pins = " and ".join(pin for p in known for pin in p.pinned)
    advice = advice or f"detach it first: xdpctl detach {device.ifname}" + ("" if ours else " --force")
    return Refused(
        f"{device.ifname} already runs {describe(attachment)}"
        + (", built by xdpctl" if ours else ", not built by xdpctl")
        + (f", pinned at {pins}" if pins else "")
        + holder,
        advice,
    )


def held(device: Device, attachment: Attachment, links: Iterable[BpfLink]) -> Refused | None:
    """The refusal to detach what something else than `ip` holds on a device."""
    holder, advice = _holder(attachment, tuple(links))
    if not advice:
        return None
    return Refused(f"{describe(attachment)} on {device.ifname} can't be detached{holder}", advice)


def describe(attachment: Attachment) -> str:
    """Who is on a device: name, id and mode."""
    name = attachment.prog.name or "a program"
    return f"{name} (id {attachment.prog.id}, {attachment.mode.mode} mode)"


def running(device: Device) -> frozenset[str]:
    """What can be seen to run on a device."""
    return frozenset(f"{describe(a)} on {device.ifname}" for a in device.xdp.attached)


def _holder(attachment: Attachment, links: tuple[BpfLink, ...]) -> tuple[str, str]:
    """What holds a program besides the device, and how to make it let go."""
    if attachment.prog.name == DISPATCHER:
        return ", held by libxdp's dispatcher", "unload its programs: xdp-loader status, xdp-loader unload"
    for link in links:
        if link.type == "xdp" and link.prog_id == attachment.prog.id:
            return f", held by bpf link {link.id}", f"let go of it: bpftool link detach id {link.id}"
    return "", ""
