"""Arguments and options that several verbs take, and how a shell completes them."""

import socket
from pathlib import Path

import typer

from xdpctl.core import elf
from xdpctl.core.model import ModeChoice

_BUILT = Path("bpf")


def devices(incomplete: str) -> list[str]:
    return [name for _, name in socket.if_nameindex() if name.startswith(incomplete)]


def objects(incomplete: str) -> list[str]:
    return [str(path) for path in sorted(_BUILT.glob("*.bpf.o")) if str(path).startswith(incomplete)]


def sources(incomplete: str) -> list[str]:
    found = sorted([*Path().glob("*.toml"), *Path().glob("*.c"), *_BUILT.glob("*.c")])
    return [str(path) for path in found if str(path).startswith(incomplete)]


def maps(incomplete: str) -> list[str]:
    """The maps of the objects in bpf/: those in the kernel can't be seen without root."""
    found: set[str] = set()
    for path in _BUILT.glob("*.bpf.o"):
        try:
            found.update(elf.read(path.read_bytes()).maps)
        except (elf.NotBpf, OSError):
            continue
    return sorted(name for name in found if name.startswith(incomplete))


def programs(incomplete: str) -> list[str]:
    """The programs that were generated into bpf/."""
    found = (path.name.removesuffix(".bpf.c") for path in sorted(_BUILT.glob("*.bpf.c")))
    return [name for name in found if name.startswith(incomplete)]


PIN = typer.Option(
    "",
    "--pin",
    metavar="DIR",
    help="Directory in bpffs for the pins.  [default: $XDPCTL_PIN or /sys/fs/bpf/ebpf]",
    show_default=False,
)
MODE = typer.Option(
    ModeChoice.AUTO,
    "--mode",
    help="Where the program runs: in the driver (native), in the stack (generic), on the card (offload); "
    "auto tries native, then generic.",
)
DEVICE = typer.Argument(
    ..., metavar="DEV", help="Network device.", autocompletion=devices, show_default=False
)
JSON = typer.Option(False, "--json", help="Print JSON.")
