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

from xdpctl.cli import arguments, session
from xdpctl.core.packets import flows as of_flows
from xdpctl.core.packets import samples, sending
from xdpctl.core.packets.samples import Packet, PacketKind
from xdpctl.errors import Interrupted, Usage
from xdpctl.ops import send
from xdpctl.views import send as view


def command(
    dev: str = arguments.DEVICE,
    kinds: list[PacketKind] = typer.Option(
        None, "--packet", metavar="KIND", help=f"A packet, can be repeated: {', '.join(PacketKind)}."
    ),
    frames: list[str] = typer.Option(
        None, "--hex", metavar="HEX", help="A whole frame in hexadecimal, can be repeated."
    ),
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
        given=_packets(kinds or [], frames or [], capture),
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


def _packets(kinds: list[PacketKind], frames: list[str], capture: Path | None) -> tuple[Packet, ...]:
    """Those of the command line; a capture excludes them."""
    options = {"--packet": kinds, "--hex": frames, "--pcap": capture}
    chosen = [option for option, given in options.items() if given]
    if not chosen:
        raise Usage("there is no packet to send", "give --packet KIND, --hex HEX or --pcap FILE")
    if len(chosen) > 1:
        raise Usage(f"{' and '.join(chosen)} exclude each other", "give one of them")
    given = (samples.from_hex(str(i), frame) for i, frame in enumerate(frames, 1))
    return (*map(samples.of_kind, kinds), *given)


def _tell_about(prepared: send.Prepared) -> None:
    survey = prepared.frames.survey
    for reason, count in survey.not_run.items():
        session.note(f"not sent, because {reason}: {count} of the packets")
    if survey.broken:
        session.note(f"{survey.broken}: sending the packets before that")
    if survey.cut:
        session.note(f"cut in the capture, and sent as what is left of them: {survey.cut} of the packets")
    if prepared.request.count is None and not session.dry_run():
        session.note(f"sending out of {prepared.device.ifname}{prepared.netns.label} until Ctrl-C")
