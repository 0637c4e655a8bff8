"""Words for a shell to complete, as far as they can be had at once and without root."""

import contextlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from xdpctl.core.machine import paths
from xdpctl.core.objects import elf
from xdpctl.errors import BadRequest
from xdpctl.tools import netns
from xdpctl.tools.files import assets, trust


def check_home() -> None:
    """What is installed is written into files of the home directory, wherever they lead."""
    home = Path.home()
    why = trust.why_unsafe(str(home)) if os.geteuid() == 0 else ""
    if why:
        raise BadRequest(f"{home} is no place for root to write to: {why}", "do it without sudo")


def devices() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def namespaces() -> list[str]:
    return list(netns.names())


def objects() -> list[str]:
    return [str(path) for path in _built("*.bpf.o")]


def sources() -> list[str]:
    return [
        str(path) for path in (*sorted(Path().glob("*.toml")), *sorted(Path().glob("*.c")), *_built("*.c"))
    ]


def programs_to_measure() -> list[str]:
    return [*sources(), *objects()]


def programs() -> list[str]:
    return [paths.program_of(path.name) for path in _built("*.bpf.c")]


def programs_to_run() -> list[str]:
    """Objects, and what of the built programs is pinned, where that can be seen."""
    pinned: list[str] = []
    with contextlib.suppress(OSError):
        pinned = os.listdir(os.environ.get("XDPCTL_PIN") or paths.PIN_DIRECTORY)
    return [*objects(), *(name for name in programs() if name in pinned)]


def captures() -> list[str]:
    patterns = ("*.pcap", "*.pcapng", "*.cap", "*.pcap.gz", "*.pcapng.gz", "*.cap.gz")
    return [str(path) for pattern in patterns for path in sorted(Path().glob(pattern))]


def presets() -> list[str]:
    return list(assets.PRESETS)


def maps() -> list[str]:
    """The maps of the built objects, and what is pinned, where that can be seen."""
    names: set[str] = set()
    with contextlib.suppress(OSError):
        names.update(os.listdir(os.environ.get("XDPCTL_PIN") or paths.PIN_DIRECTORY))
    for path in _built("*.bpf.o"):
        try:
            names.update(elf.read(path.read_bytes()).maps)
        except (elf.NotBpf, OSError):
            continue
    return sorted(names)


def maps_to_fill() -> list[str]:
    return [f"{name}=" for name in maps()]


def maps_and_devices() -> list[str]:
    return [*maps(), *devices()]


def _built(pattern: str) -> Iterable[Path]:
    return sorted(path for path in Path(paths.BUILD_DIRECTORY).glob(pattern) if path.is_file())
