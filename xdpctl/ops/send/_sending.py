"""The two ways to send: live frames, which the kernel sends by itself, and a packet socket."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice

from msgspec import Struct

from xdpctl.core.machine.model import Device
from xdpctl.core.packets.sending import grown
from xdpctl.errors import Explained
from xdpctl.ops.send._frames import Frames
from xdpctl.tools import ethtool, libbpf, packet_socket, proc
from xdpctl.tools.libbpf import live_frames
from xdpctl.tools.libbpf.live_frames import LiveFrames
from xdpctl.tools.netns import Netns, entered
from xdpctl.tools.packet_socket import PacketSender

FEW = 1000
"""So many packets are sent through a socket sooner than the kernel is ready for live frames."""
MODERATE = 50_000
"""Packets a second, for which a socket keeps the pace."""


class Sending(Struct, frozen=True):
    device: Device
    netns: Netns
    other_end: str
    """What to call it."""
    frames: Frames
    count: int
    rate: float | None
    came: Callable[[], int]
    """Which signal has come, or 0."""


class WentOut(Struct, frozen=True):
    packets: int
    bytes: int
    seconds: float
    refused: int
    """Of those, so many found no room."""
    live: bool


class _NotLive(Explained):
    """No live frames can be sent; none were."""


def few(count: int | None, rate: float | None) -> bool:
    """Whether a packet socket is all that is needed."""
    return (count is not None and count <= FEW) or (rate is not None and rate <= MODERATE)


def send(sending: Sending, tell: Callable[[str], None]) -> WentOut:
    """Live frames, where many are to be sent and can be; without them, why."""
    if not few(sending.count, sending.rate):
        try:
            return _live(sending)
        except _NotLive as why:
            tell(f"{why.message}: sending through a packet socket, which is slower")
    return _through_socket(sending)


def _through_socket(sending: Sending) -> WentOut:
    proc.remark(f"a packet socket on {sending.device.ifname}{sending.netns.label}")
    frames = sending.frames.all()
    with packet_socket.opened(sending.device.ifname, sending.netns) as bound:
        sender = PacketSender(sending.device.ifname, bound, sending.came)
        if sending.rate is None:
            sender.send(frames, sending.count)
        else:
            sender.send_at(sending.rate, frames, sending.count)
    return WentOut(
        packets=sender.packets,
        bytes=sender.bytes,
        seconds=sender.seconds,
        refused=sender.refused,
        live=False,
    )


def _live(sending: Sending) -> WentOut:
    """The first packet goes alone: where it doesn't arrive, none does."""
    device, frames = sending.device, sending.frames
    _check(device, frames.survey.longest)
    proc.remark(
        "bpf_prog_test_run_opts of libbpf, with BPF_F_TEST_XDP_LIVE_FRAMES: a program that redirects to "
        f"{device.ifname}{sending.netns.label}"
    )
    with entered(sending.netns), ExitStack() as stack:
        before = ethtool.statistics(device.ifname)
        coming = frames.all()
        try:
            opened = live_frames.opened(device.ifindex, frames.survey.longest, frames.places)
            live = stack.enter_context(opened)
            live.fill([*islice(coming, frames.places)])
            live.send(1, lambda: 0)
        except libbpf.CallRefused as refused:
            why = f"the kernel refuses live frames, which Linux 5.18 brought ({refused.message})"
            raise _NotLive(why) from None
        if not any(_in_ring(before, ethtool.statistics(device.ifname))):
            raise _NotLive(f"{sending.other_end} takes no live frames, without a native program or GRO")
        seconds = _rest(sending, live, coming)
        state, (taken, _) = live.state(), _in_ring(before, ethtool.statistics(device.ifname))
    return WentOut(
        packets=state.packets,
        bytes=state.size,
        seconds=seconds,
        refused=max(0, state.packets - taken),
        live=True,
    )


def _check(device: Device, longest: int) -> None:
    if device.linkinfo.info_kind != "veth":
        raise _NotLive(f"live frames are for veth devices, and {device.ifname} is none")
    if not live_frames.can_send():
        raise _NotLive("live frames need libbpf 0.7 or newer")
    if longest > live_frames.LONGEST:
        raise _NotLive(f"live frames have {live_frames.LONGEST} bytes at most, and packets {longest}")


def _in_ring(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[int, int]:
    """Frames that the other end has taken, and those for which it had no room."""
    return grown(before, after, "tx", "xdp_xmit"), grown(before, after, "tx", "xdp_xmit_errors")


def _rest(sending: Sending, live: LiveFrames, coming: Iterator[bytes]) -> float:
    """All but the first; how long that took."""
    frames, held, began = sending.frames, sending.frames.places, time.monotonic_ns()
    live.begin(sending.rate)
    goal = 1
    while live.state().packets == goal < sending.count:
        if goal == held:
            live.fill([*islice(coming, frames.places)])
            held += frames.places
        goal = sending.count if frames.number == frames.places else min(sending.count, held)
        live.send(goal, sending.came)
    if sending.rate is None:
        return (time.monotonic_ns() - began) / 10**9
    return max(0, live.state().last - began) / 10**9 + 1 / sending.rate
