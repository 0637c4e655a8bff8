"""Send packets out of a device, and see what its other end receives."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine import ways_out
from xdpctl.core.machine.model import Device
from xdpctl.core.packets.samples import SHORTEST, Packet
from xdpctl.core.packets.sending import Received, Sent, xdp_of
from xdpctl.core.wording import packets
from xdpctl.errors import BadRequest, Gone, Refused, XdpctlError
from xdpctl.ops.send._frames import Frames
from xdpctl.ops.send._sending import Sending, WentOut, few, send
from xdpctl.tools import ethtool, host, iplink, signals, veth
from xdpctl.tools import netns as namespaces
from xdpctl.tools.files import captures
from xdpctl.tools.files.captures import Source
from xdpctl.tools.iplink import Meter
from xdpctl.tools.netns import Netns, entered
from xdpctl.tools.veth import OtherEnd

ENDLESS = 1 << 62
LOOKS, BETWEEN = 100, 0.02
"""How often, and after how many seconds, it is looked whether all has arrived."""
STILL = 3
"""So many looks without a change, and nothing is under way any more."""


class Request(Struct, frozen=True):
    device: str
    netns: str
    given: tuple[Packet, ...]
    capture: Path | None
    count: int | None
    """Without one, it goes on until a signal comes."""
    rate: float | None
    flows: int
    yes: bool
    """Also out of devices from which packets may leave the machine."""


class Prepared(Struct, frozen=True):
    request: Request
    device: Device
    netns: Netns
    end: OtherEnd | None
    frames: Frames

    @property
    def other_end(self) -> str:
        if self.end is None:
            return f"the other end of {self.device.ifname}"
        return f"{self.end.device.ifname}{self.end.netns.label}"


def prepare(request: Request) -> Prepared:
    """What is to be sent, after every check that can be made without sending it."""
    netns = namespaces.named(request.netns)
    device = iplink.device(request.device, netns)
    neighbours = iplink.devices(netns)
    end = veth.other_end(device, netns, neighbours)
    if not request.yes:
        _refuse_way_out(device, netns, neighbours, end)
    _check_up(device, netns)
    longest = device.mtu + SHORTEST
    capture = None if request.capture is None else captures.opened(request.capture)
    source = Source(request.given, capture, done="sent")
    frames = Frames(source, source.survey(longest), longest, request.flows)
    return Prepared(request=request, device=device, netns=netns, end=end, frames=frames)


def plan(prepared: Prepared) -> str:
    """What would be done, for which there is no command."""
    request = prepared.request
    number = "packets until Ctrl-C" if request.count is None else packets(request.count)
    at = f", {request.rate:g} a second" if request.rate else ""
    return f"send {number}{at} out of {prepared.device.ifname}{prepared.netns.label}, through {_way(request)}"


def _way(request: Request) -> str:
    if few(request.count, request.rate):
        return "a packet socket"
    return "live frames of libbpf, or else a packet socket"


def _refuse_way_out(
    device: Device, netns: Netns, neighbours: tuple[Device, ...], end: OtherEnd | None
) -> None:
    why = ways_out.way_out(device, neighbours, namespaces.is_lab(netns))
    if not why and end:
        why = ways_out.behind(end.device, end.neighbours, namespaces.is_lab(end.netns))
    if why:
        raise BadRequest(f"packets may leave this machine: {why}", "to send them all the same: --yes")


def _check_up(device: Device, netns: Netns) -> None:
    name = f"{device.ifname}{netns.label}"
    if device.link_type not in ("ether", "loopback"):
        raise BadRequest(f"{name} sends no Ethernet frames: it is of type {device.link_type}")
    if "UP" not in device.flags:
        inside = f"ip -n {netns.name} " if netns.name and "/" not in netns.name else "ip "
        raise Refused(f"{name} is down, so nothing can be sent", f"{inside}link set {device.ifname} up")
    if "NO-CARRIER" in device.flags:
        raise Refused(f"{name} has no link: its other end is down", "set that up, too")


class _Counters(Struct, frozen=True):
    """What devices have counted so far."""

    sender: Meter
    end: Meter | None
    of_driver: Mapping[str, int]
    """At the other end."""

    @property
    def received(self) -> int:
        return self.end.packets.rx.packets if self.end else 0


def _look(prepared: Prepared) -> _Counters:
    sender, end = iplink.meter(prepared.device.ifname, prepared.netns), prepared.end
    if end is None:
        return _Counters(sender, None, {})
    try:
        found = iplink.meter(end.device.ifname, end.netns)
        with entered(end.netns):
            return _Counters(sender, found, ethtool.statistics(end.device.ifname))
    except XdpctlError:  # it has gone, or gone elsewhere
        return _Counters(sender, None, {})


def run(prepared: Prepared, tell: Callable[[str], None]) -> Sent:
    """Send until all is sent, or a signal comes."""
    host.require_privileges()
    request = prepared.request
    with signals.noted() as came:
        before = _look(prepared)
        sending = Sending(
            device=prepared.device,
            netns=prepared.netns,
            other_end=prepared.other_end,
            frames=prepared.frames,
            count=ENDLESS if request.count is None else min(request.count, ENDLESS),
            rate=request.rate,
            came=came,
        )
        went_out = send(sending, tell)
        after = _settled(prepared, before, went_out)
        dropped = after.sender.packets.tx.dropped - before.sender.packets.tx.dropped
        return Sent(
            device=prepared.device.ifname,
            netns=prepared.netns.name,
            packets=went_out.packets,
            bytes=went_out.bytes,
            seconds=went_out.seconds,
            lost=went_out.refused if went_out.live else max(went_out.refused, dropped),
            live_frames=went_out.live,
            interrupted=bool(came()),
            received=_received(prepared, before, after),
        )


def _settled(prepared: Prepared, before: _Counters, went_out: WentOut) -> _Counters:
    """What was counted once all has arrived that will."""
    last, still = -1, 0
    for _ in range(LOOKS):
        try:
            now = _look(prepared)
        except XdpctlError as error:
            sent = f"after {went_out.packets} packets were sent"
            raise Gone(f"{prepared.device.ifname} can't be seen any more {sent}: {error.message}") from error
        still = still + 1 if now.received == last else 0
        last = now.received
        arrived = last - before.received >= went_out.packets - went_out.refused
        if now.end is None or arrived or still >= STILL:
            break
        time.sleep(BETWEEN)
    return now


def _received(prepared: Prepared, before: _Counters, after: _Counters) -> Received | None:
    if prepared.end is None or before.end is None or after.end is None:
        return None
    return Received(
        device=prepared.end.device.ifname,
        netns=prepared.end.netns.name,
        packets=after.received - before.received,
        xdp=xdp_of(before.of_driver, after.of_driver),
    )
