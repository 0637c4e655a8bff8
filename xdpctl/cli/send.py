"""Send packets out of a device.

Without --count it goes on until Ctrl-C, which is no error. Without --rate it is as fast as it can be:
out of veth devices by live frames, which the kernel sends by itself, millions a second, where the other
end runs a program in native mode or has GRO; else through a packet socket.

Told is what went out, what of it was lost, and what the other end of a veth pair received, if it can be
seen from here. Out of a device from which packets may leave the machine it sends only with --yes.

\b
Examples:
  xdpctl send veth1 --packet udp --count 1000000
  xdpctl send veth1 --packet tcp-syn --rate 10k --flows 100
  xdpctl --netns peer send veth1 --pcap traffic.pcap --count 5000
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, packets, session
from xdpctl.core.packets import flows as of_flows
from xdpctl.core.packets import sending
from xdpctl.core.packets.samples import PacketKind
from xdpctl.errors import Interrupted
from xdpctl.ops import send
from xdpctl.views import send as view


def command(
    dev: str = arguments.DEVICE,
    kinds: list[PacketKind] = typer.Option(
        None, "--packet", metavar="KIND", help=f"A packet, can be repeated: {', '.join(PacketKind)}."
    ),
    frames: list[str] = packets.FRAMES,
    capture: Path | None = typer.Option(
        None,
        "--pcap",
        metavar="FILE",
        help="All packets of a capture of Ethernet, in their order; - is standard input.",
        autocompletion=arguments.completion("captures"),
    ),
    count: int | None = typer.Option(
        None, metavar="N", min=1, help="End after N packets; after the last one the first comes again."
    ),
    rate: str = typer.Option(
        "", metavar="RATE", help="Packets per second: 500, 10k, 1M.", show_default=False
    ),
    flows: int = typer.Option(
        1,
        metavar="N",
        min=1,
        max=of_flows.MOST,
        help="Send each packet in N flows: the source port counts up where there is one, else the source "
        "address, else that of Ethernet.",
    ),
    yes: bool = typer.Option(False, "--yes", help="Send, even if packets may leave the machine."),
    json: bool = arguments.JSON,
) -> None:
    request = send.Request(
        device=dev,
        netns=session.netns(),
        given=packets.given(kinds or [], frames or [], capture, "send"),
        capture=capture,
        count=count,
        rate=sending.packets_a_second(rate) if rate else None,
        flows=flows,
        yes=yes,
    )
    prepared = send.prepare(request)
    _tell_about(prepared)
    if session.dry_run():
        session.say(f"# {send.plan(prepared)}")
        return
    sent = send.run(prepared, session.note)
    survey = prepared.frames.survey
    if json:
        session.say(view.as_json(sent, survey.not_run, survey.cut))
    else:
        for line in view.lines(sent):
            session.say(line)
    if count is not None and sent.packets < count:
        session.flush()
        raise Interrupted(f"interrupted after {sent.packets} of {count} packets")


def _tell_about(prepared: send.Prepared) -> None:
    for line in prepared.frames.survey.notes("sent", "sending"):
        session.note(line)
    if prepared.request.count is None and not session.dry_run():
        session.note(f"sending out of {prepared.device.ifname}{prepared.netns.label} until Ctrl-C")
