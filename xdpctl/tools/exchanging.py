"""One program in place of another on a device, if the expected one runs there: nothing is done otherwise.

The kernel itself looks, where libbpf tells it whom to expect. Else `ip` does it, right after a look.
"""

import socket
from contextlib import ExitStack

from xdpctl.core.machine import owners, tool_errors
from xdpctl.core.machine.model import Device, ProgId
from xdpctl.core.plan.plan import Exchange, Known
from xdpctl.errors import DeviceBusy, Gone, NoSuchDevice, NotAsExpected, NotPermitted, Refused, XdpctlError
from xdpctl.tools import bpftool, iplink, libbpf, proc
from xdpctl.tools.libbpf import xdp
from xdpctl.tools.libbpf.opening import open_program
from xdpctl.tools.netns import Netns, entered

CALLS = ("bpf_xdp_attach", "bpf_xdp_detach", "bpf_prog_get_fd_by_id", "bpf_obj_get")


def act(exchange: Exchange) -> proc.Result:
    """What came of it, as if `ip` had done it; an error where something else runs there than expected."""
    try:
        if libbpf.can(*CALLS):
            proc.shown(exchange.line)
            return _by_call(exchange)
        _check(exchange)
    except XdpctlError as error:
        error.told = True  # nothing is done
        raise
    result = proc.act(exchange.line)
    if not result.ok and tool_errors.held_by_link(result.err):
        raise _changed(exchange)
    return result


def _by_call(exchange: Exchange) -> proc.Result:
    try:
        _exchange(exchange)
    except (NotAsExpected, DeviceBusy) as error:
        raise _changed(exchange) from error
    except Gone as gone:
        raise gone if not gone.log else _gone(exchange) from gone
    except NotPermitted:
        raise
    except Refused as refused:
        if not refused.log:
            raise
        return proc.Result(exchange.line, 2, b"", refused.log)
    return proc.Result(exchange.line, 0, b"", "")


def _exchange(exchange: Exchange) -> None:
    place = Netns(exchange.netns)
    device = Device(ifname=exchange.device, ifindex=exchange.ifindex or _number(exchange))
    with ExitStack() as opened:
        expected = xdp.NO_PROGRAM
        if exchange.goes is not None:
            try:
                expected = opened.enter_context(open_program(_named(exchange.goes)))
            except Gone as gone:  # then it can't run anywhere
                raise _changed(exchange) from gone
        if exchange.comes is None:
            xdp.detach(device, exchange.mode, expected, place)
        else:
            comes = opened.enter_context(open_program(_named(exchange.comes)))
            xdp.attach(device, comes, exchange.mode, expected, place)


def _number(exchange: Exchange) -> int:
    with entered(Netns(exchange.netns)):
        try:
            return socket.if_nametoindex(exchange.device)
        except OSError:
            raise _gone(exchange) from None


def _named(program: Known) -> ProgId | str:
    return program.pin if program.id is None else program.id


def _check(exchange: Exchange) -> None:
    """The device runs what is expected there, as far as a look can tell."""
    device = _seen(exchange)
    here = {a.prog.id for a in device.xdp.attached if a.mode.mode is exchange.mode}
    wanted = set() if exchange.goes is None else {_id(exchange.goes)}
    if here != wanted or (device.xdp.attached and not wanted):
        raise _changed(exchange)


def _id(program: Known) -> ProgId:
    return bpftool.pinned_program(program.pin).id if program.id is None else program.id


def _seen(exchange: Exchange) -> Device:
    try:
        device = iplink.device(exchange.device, Netns(exchange.netns))
    except NoSuchDevice as error:
        raise _gone(exchange) from error
    if exchange.ifindex not in (None, device.ifindex):
        raise _gone(exchange)
    return device


def _gone(exchange: Exchange) -> Gone:
    return Gone(f"{exchange.device}{Netns(exchange.netns).label} has gone meanwhile")


def _changed(exchange: Exchange) -> XdpctlError:
    """Who is in the way, so that nothing was done."""
    device, programs, links = _seen(exchange), bpftool.programs(), bpftool.links()
    goes = exchange.goes
    found = [a for a in device.xdp.attached if goes and a.prog.id == goes.id and a.mode.mode is exchange.mode]
    for attachment in found:
        if held := owners.held(device, attachment, links, programs, surely=True):
            return held
    expected = "" if goes is None else goes.words
    if goes is not None and any(a.prog.id == goes.id for a in device.xdp.attached):
        expected += f" in {exchange.mode} mode"
    where = device.ifname + Netns(exchange.netns).label
    return owners.changed(device, where, expected, programs)
