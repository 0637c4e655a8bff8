"""Packets on a command line."""

from pathlib import Path

import typer

from xdpctl.core.packets import samples
from xdpctl.core.packets.samples import Packet, PacketKind
from xdpctl.errors import Usage

FRAMES: list[str] = typer.Option(
    None, "--hex", metavar="HEX", help="A whole frame in hexadecimal, can be repeated."
)


def given(kinds: list[PacketKind], frames: list[str], capture: Path | None, to: str) -> tuple[Packet, ...]:
    """Those of the command line; a capture excludes them."""
    options = {"--packet": kinds, "--hex": frames, "--pcap": capture}
    chosen = [option for option, given in options.items() if given]
    if not chosen:
        raise Usage(f"there is no packet to {to}", "give --packet KIND, --hex HEX or --pcap FILE")
    if len(chosen) > 1:
        raise Usage(f"{' and '.join(chosen)} exclude each other", "give one of them")
    found = (samples.from_hex(str(i), frame) for i, frame in enumerate(frames, 1))
    return (*map(samples.of_kind, kinds), *found)
