"""What was sent and what arrived, in words and as JSON."""

from collections.abc import Iterator, Mapping

from xdpctl.core.packets.sending import Received, Sent, XdpActions
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.core.wording import join, packets
from xdpctl.views import units


def lines(sent: Sent) -> Iterator[str]:
    rate = f": {units.amount(sent.rate, 'packets')}/s" if sent.packets > 1 else ""
    what = f"{packets(sent.packets)}, {sent.bytes} bytes"
    yield f"sent {what} out of {_place(sent.device, sent.netns)} in {sent.seconds:.2f} s{rate}"
    if sent.lost:
        yield f"lost {sent.lost} of them: there was no room for them, or nobody to take them"
    if sent.received:
        yield from _arrived(sent, sent.received)


def _arrived(sent: Sent, received: Received) -> Iterator[str]:
    place = _place(received.device, received.netns)
    yield f"{place} received {packets(received.packets)}{_by_program(received.xdp)}"
    if sent.missing > 0:
        yield f"{packets(sent.missing)} went out and didn't arrive"
    elif sent.missing < 0:
        yield f"{packets(-sent.missing)} of these came from others"


def _by_program(xdp: XdpActions) -> str:
    done = {"dropped": xdp.dropped, "sent back": xdp.sent_back, "redirected": xdp.redirected}
    told = [f"{number} {what}" for what, number in done.items() if number]
    return f"; by its program: {join(told)}" if told else ""


def _place(device: str, netns: str) -> str:
    return f"{device} in netns {netns}" if netns else device


def as_json(sent: Sent, not_sent: Mapping[str, int], cut: int) -> str:
    received = sent.received
    return to_json(
        {
            "schema": SCHEMA,
            "device": sent.device,
            "netns": sent.netns,
            "packets": sent.packets,
            "bytes": sent.bytes,
            "seconds": round(sent.seconds, 6),
            "rate": round(sent.rate, 1),
            "live_frames": sent.live_frames,
            "interrupted": sent.interrupted,
            "lost": sent.lost,
            "not_sent": [{"reason": reason, "packets": count} for reason, count in not_sent.items()],
            "cut": cut,
            "received": received,
        }
    )
