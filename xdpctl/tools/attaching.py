"""A pinned program on a device: seeing that it runs there, taking it off again, or putting it back."""

import functools
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress

from msgspec import Struct

from xdpctl.core.machine import owners
from xdpctl.core.machine.directories import PinDirectory
from xdpctl.core.machine.model import Attachment, BpfLink, Device, Mode, ProgId
from xdpctl.core.plan import actions, plan
from xdpctl.errors import NoSuchDevice, XdpctlError
from xdpctl.tools import bpftool, host, iplink
from xdpctl.tools.netns import Netns

Place = tuple[Netns, Device, Attachment]


def _remains(look: Callable[[], Device], program: Callable[[], ProgId]) -> frozenset[str]:
    """That it runs there; nothing, where the device has gone."""
    with suppress(NoSuchDevice):
        return owners.running(look(), program())
    return frozenset()


class Attaching(Struct, frozen=True):
    device: str
    netns: Netns
    program: Callable[[], ProgId]

    def verify(self, act: plan.Act) -> None:
        """`ip` may end well though it did nothing, or something else."""
        program = self.program()  # while its pin is there
        owners.check_runs(self._look(), program, Mode(act.way))

    def undo(self, act: plan.Act, sure: bool) -> tuple[plan.Undo, ...]:
        """In whichever mode it runs. Where that can't be seen, it is taken off if it runs as it was to."""
        try:
            return actions.undo_attach(self._look(), self.program(), self.netns.path)
        except NoSuchDevice:
            return ()  # nothing runs on it any more
        except XdpctlError:
            if not sure:
                raise
            return act.undo

    def remains(self) -> frozenset[str]:
        return _remains(self._look, self.program)

    def _look(self) -> Device:
        return iplink.device(self.device, self.netns)


class Detaching(Struct, frozen=True):
    """A program that is taken off a device, and is put back as long as it is pinned."""

    exchange: plan.Exchange

    def verify(self, act: plan.Act) -> None:
        """That is looked at once all is done: `ip` succeeds too where it did nothing."""

    def undo(self, act: plan.Act, _sure: bool) -> tuple[plan.Undo, ...]:
        """Not where it still runs, or runs again; nor where somebody else has removed it for good."""
        goes, place = self.exchange.goes, Netns(self.exchange.netns)
        if goes is None or goes.id is None:
            return act.undo
        try:
            here = iplink.device(self.exchange.device, place).attachments_of(frozenset({goes.id}))
        except NoSuchDevice:
            return ()
        return () if here or not _is_pinned(goes) else act.undo

    def remains(self) -> frozenset[str]:
        return frozenset()


class Replacing(Struct, frozen=True):
    """A program in the place of another, which comes back as long as the new one runs there."""

    exchange: plan.Exchange
    program: Callable[[], ProgId]
    """The new one."""

    def verify(self, _act: plan.Act) -> None:
        """`ip` may end well though it did nothing."""
        owners.check_runs(self._look(), self.program(), self.exchange.mode)

    def undo(self, act: plan.Act, _sure: bool) -> tuple[plan.Undo, ...]:
        """Not where the old one runs still, nor where somebody else's does by now."""
        with suppress(NoSuchDevice):
            return act.undo if self._look().attachments_of(frozenset({self.program()})) else ()
        return ()

    def remains(self) -> frozenset[str]:
        return _remains(self._look, self.program)

    def _look(self) -> Device:
        return iplink.device(self.exchange.device, Netns(self.exchange.netns))


def replacing(steps: plan.Plan) -> dict[plan.Step, Replacing]:
    """What looks after the steps that do so."""
    exchanges = ((step, step.acts[0].exchange) for step in steps)
    return {step: Replacing(one, pinned(one.comes.pin)) for step, one in exchanges if one and one.comes}


def pinned(pin: str) -> Callable[[], ProgId]:
    """Known for good once it was asked for: the pin may go."""
    return functools.cache(lambda: bpftool.pinned_program(pin).id)


def detaching(steps: plan.Plan) -> dict[plan.Step, Detaching]:
    """What looks after the steps that do so."""
    exchanges = ((step, step.acts[0].exchange) for step in steps)
    return {step: Detaching(exchange) for step, exchange in exchanges if exchange is not None}


def _is_pinned(program: plan.Known) -> bool:
    there = bool(program.pin) and os.path.lexists(program.pin)
    return there and bpftool.pinned_program(program.pin).id == program.id


def places_of(directory: PinDirectory, links: Collection[BpfLink]) -> Iterator[Place]:
    """Every device on which its programs run, in any network namespace."""
    ids = owners.ids(directory.programs)
    for namespace, devices in iplink.everywhere():
        for device in devices:
            for attachment in device.attachments_of(ids):
                if refusal := owners.held(device, attachment, links, directory.everyones):
                    raise refusal
                yield namespace, device, attachment


def check_free(device: Device, netns: Netns) -> None:
    """An error where a device runs a program already. Without root it can't be seen whose that is."""
    if device.xdp.attached and not host.privileged():
        raise owners.occupied(device, None, (), netns.name)
    if device.xdp.attached:
        raise owners.occupied(device, bpftool.programs(), bpftool.links(), netns.name)
