"""Load an object in the place of an earlier one: devices run the old or the new program at every moment."""

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import directories, owners, paths
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.identifiers import may_be_same
from xdpctl.core.machine.model import BpfLink, Map, Mode, ModeChoice, Program
from xdpctl.core.machine.shell import command_line
from xdpctl.core.objects import choice
from xdpctl.core.objects.check import check_object
from xdpctl.core.objects.choice import Choice
from xdpctl.core.plan import plan
from xdpctl.core.plan.carrying import Carried, carried
from xdpctl.core.plan.loading import Loading
from xdpctl.core.plan.removal import Removal
from xdpctl.core.plan.replacing import Replacement
from xdpctl.core.wording import join, listed
from xdpctl.errors import (
    AlreadyPinned,
    Ambiguous,
    BadRequest,
    Gone,
    HalfDone,
    NoSuchProgram,
    Refused,
)
from xdpctl.ops import apply
from xdpctl.tools import attaching, bpffs, bpftool, host, iplink, pinning, replacing, turns
from xdpctl.tools.attaching import Place, places_of
from xdpctl.tools.files import objects
from xdpctl.tools.maps import sharing
from xdpctl.tools.netns import Netns, named, same


class Request(Struct, frozen=True):
    path: Path | None
    """None for the object in bpf/."""
    pin: str
    devices: tuple[str, ...]
    """All on which the old one runs; empty for whichever these are."""
    mode: ModeChoice | None
    netns: str
    dry_run: bool
    program: str
    all: bool
    use: tuple[tuple[str, str], ...]
    reset: bool
    """Maps whose definition has changed begin anew."""


class Prepared(Struct, frozen=True):
    request: Request
    replacement: Replacement
    carried: Carried
    old: tuple[str, ...]
    """The programs that were loaded."""
    operation: apply.Operation
    gone: tuple[str, ...]
    """Maps that were pinned, and that the new object hasn't."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where, and in which mode."""
        return tuple(f"{e.device}{Netns(e.netns).label} ({e.mode} mode)" for e in self.replacement.exchanges)


def prepare(request: Request) -> Prepared:
    """Everything that is looked at before anything is changed: object, directory, maps and devices."""
    netns, path = named(request.netns), objects.choose(request.path)
    found = check_object(objects.read(path), str(path))
    chosen, attached = choice.to_load(found, str(path), request.program, request.all, False)
    host.require_privileges()
    if not request.dry_run:
        turns.wait()
    try:
        return _prepared(request, str(path), chosen, attached if request.program else "", netns)
    except FileNotFoundError:  # a pin that was there a moment before
        raise Gone(f"somebody else has changed {request.pin} meanwhile", "try again") from None


def _prepared(request: Request, path: str, chosen: Choice, attached: str, netns: Netns) -> Prepared:
    directory = pinning.place_to_unload(request.pin)
    directories.check_place(directory)
    directories.check_replaceable(directory)
    maps, links = bpftool.maps(), bpftool.links()
    places = tuple(places_of(directory, links))
    if request.devices:
        _check_named(request, places, directory, links, netns)
    going = pinning.removal(directory, maps)
    carry = _carried(request, path, chosen, directory, maps)
    _check_free(chosen, carry, directory, going)
    place = replacing.place(directory)
    cards = [(space, d.ifname) for space, d, a in places if a.mode.mode is Mode.OFFLOAD]
    loading = Loading(
        path=path,
        chosen=chosen,
        pin=place.aside,
        aside=place.aside.rpartition("/")[2],
        used=carry.used,
        inherited=carry.inherited,
        card=cards[0][1] if cards else None,
        inside=cards[0][0].prefix if cards else (),
    )
    gone = {pin for one in going.maps for pin in one.pinned} & {*going.pins}
    replacement = Replacement(
        place=place,
        loading=loading,
        exchanges=tuple(_exchanges(request, places, directory, loading, attached)),
        kept=tuple(name for name in carry.kept if name in directory.present),
        going=tuple(pin.rpartition("/")[2] for pin in going.pins),
    )
    return Prepared(
        request=request,
        replacement=replacement,
        carried=carry,
        old=tuple(p.name for p in directory.programs),
        operation=_operation(replacement, going),
        gone=tuple(
            name for name in directory.present if f"{request.pin}/{name}" in gone and name not in chosen.maps
        ),
    )


def run(prepared: Prepared) -> None:
    apply.run(prepared.operation)
    aside = prepared.replacement.place.aside
    if os.path.lexists(aside):
        raise HalfDone(
            f"replaced, but not all of what was there could be removed: {bpffs.listing(aside)}",
            f"if nothing needs that, remove it: {command_line(('rm', '-r', aside))}",
        )


def _carried(
    request: Request, path: str, chosen: Choice, directory: PinDirectory, maps: tuple[Map, ...]
) -> Carried:
    """Maps that were named come first; those that are there go on."""
    used = dict(sharing.used(dict(request.use), chosen.object, path, request.pin, ()))
    names = (name for name in chosen.maps if name not in used)
    there, variables = replacing.there(directory, names, maps)
    found = carried(
        found=chosen.object,
        path=path,
        dump=replacing.types_of_object(path),
        there=there,
        variables=variables,
        reset=request.reset,
    )
    anew = tuple(name for name in found.anew if name not in used)
    return Carried(found.inherited, {**found.used, **used}, found.kept, anew)


def _check_free(chosen: Choice, carry: Carried, directory: PinDirectory, going: Removal) -> None:
    """Nothing of the names of what is loaded is pinned there, but what it replaces."""
    known = {*carry.kept, *(pin.rpartition("/")[2] for pin in going.pins)}
    if taken := [n for n in chosen.pinned_names if n in directory.present and n not in known]:
        raise AlreadyPinned(
            f"something else is pinned at {join(f'{directory.path}/{name}' for name in taken)}",
            "if nothing needs it, remove it",
        )


def _check_named(
    request: Request,
    places: tuple[Place, ...],
    directory: PinDirectory,
    links: tuple[BpfLink, ...],
    netns: Netns,
) -> None:
    """The devices that were named are all on which the old programs run: none is left without a pin."""
    meant = set()
    for name in request.devices:
        device = iplink.device(name, netns)
        meant.add(device.ifindex)
        if any(d.ifindex == device.ifindex and same(space, netns) for space, d, _ in places):
            continue
        if device.xdp.attached:
            raise owners.occupied(device, directory.everyones, links, netns.name)
        raise NoSuchProgram(
            f"no program runs on {name}{netns.label} that could be replaced",
            "replace it where it runs, then attach it: leave out --dev",
        )
    for space, device, attachment in places:
        if device.ifindex not in meant or not same(space, netns):
            where = device.ifname + space.label
            raise BadRequest(
                f"{where} runs {owners.describe(attachment)} too, and would be left with it",
                "replace it everywhere: leave out --dev",
            )


def _exchanges(
    request: Request, places: tuple[Place, ...], directory: PinDirectory, loading: Loading, attached: str
) -> Iterator[plan.Exchange]:
    programs = {p.id: p for p in directory.programs}
    for netns, device, attachment in places:
        mode, old = attachment.mode.mode, programs[attachment.prog.id]
        if request.mode not in (None, ModeChoice.AUTO, mode.value):
            raise BadRequest(
                f"{device.ifname}{netns.label} runs {owners.describe(attachment)}: "
                "the mode can't be changed without a moment in which no program runs",
                "leave out --mode, or unload it and load it again",
            )
        new = attached or _successor(old, directory, loading)
        yield plan.Exchange(
            device=device.ifname,
            mode=mode,
            comes=plan.Known(pin=f"{loading.pin}/{new}"),
            goes=plan.Known(paths.below(old.pinned, directory.path)[0], old.id, old.name),
            netns=netns.path,
            ifindex=device.ifindex,
        )


def _successor(old: Program, directory: PinDirectory, loading: Loading) -> str:
    """The program of the same name; the only one, where there was only one."""
    names = {old.name, paths.below(old.pinned, directory.path)[0].rpartition("/")[2]}
    new = loading.chosen.programs
    for name in new:
        if any(may_be_same(name, known) for known in names):
            return name
    if len(new) > 1 or len(directory.programs) > 1:
        raise Ambiguous(
            f"{loading.path} has no {old.name} that could replace it, but {listed(new)}",
            "say which: --program NAME",
        )
    return new[0]


def _operation(replacement: Replacement, going: Removal) -> apply.Operation:
    place, loading = replacement.place, replacement.loading

    ours = {*place.present, *loading.chosen.pinned_names}

    def observe() -> apply.Facts:
        """The pins, and what is beside them; devices are looked after step by step."""
        facts = {f"{place.pin}/{name}" for name in bpffs.entries(place.pin) if name in ours}
        return frozenset({*facts, place.aside} if os.path.lexists(place.aside) else facts)

    def check() -> None:
        """The pins are those that were seen: what somebody else has pinned there meanwhile isn't removed."""
        here = bpffs.entries(place.pin)
        inside = {place.aside.rpartition("/")[2]}
        if len(pinning.remaining(going)) < len(going.pins) or {*here} - inside != {*place.present}:
            raise Refused(
                f"somebody else has changed {place.pin} meanwhile", "look what is there, and try again"
            )

    care: dict[plan.Step, apply.Care] = {
        loading.load: pinning.Pinned(loading.fresh, loading.internal),
        **{one: pinning.Pinned((pin,)) for pin, one in loading.pinning.items()},
        **{one: pinning.Copied(one) for one in loading.copying},
        **attaching.replacing(replacement.on_devices),
    }
    return apply.Operation(
        plan=replacement.steps(),
        before=observe(),
        observe=observe,
        care=care,
        check=check,
        last=True,
    )
