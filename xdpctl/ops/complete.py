"""Words for a shell to complete, as far as they can be had at once and without root."""

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
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


def xdp_programs(named: Sequence[str]) -> list[str]:
    """Those of the objects that are named, or of the built ones."""
    found = _read([Path(name) for name in named] or _built("*.bpf.o"))
    return sorted({name for one in found for name in one.xdp_programs})


def pinned_programs() -> list[str]:
    """What is pinned and is no map of a built object, where that can be seen."""
    known = {name for found in _read(_built("*.bpf.o")) for name in found.maps}
    return [name for name in _pinned() if name not in known]


def programs_to_run() -> list[str]:
    """Objects, and what of the built programs is pinned, where that can be seen."""
    pinned = _pinned()
    return [*objects(), *(name for name in programs() if name in pinned)]


def captures() -> list[str]:
    return [str(path) for pattern in ("*.pcap", "*.pcapng", "*.cap") for path in sorted(Path().glob(pattern))]


def presets() -> list[str]:
    return list(assets.PRESETS)


def maps() -> list[str]:
    """The maps of the built objects, and what is pinned, where that can be seen."""
    return sorted({*_pinned(), *(name for found in _read(_built("*.bpf.o")) for name in found.maps)})


def maps_and_devices() -> list[str]:
    return [*maps(), *devices()]


def _pinned() -> list[str]:
    try:
        return os.listdir(os.environ.get("XDPCTL_PIN") or paths.PIN_DIRECTORY)
    except OSError:
        return []


def _read(files: Iterable[Path]) -> Iterator[elf.BpfObject]:
    for path in files:
        with contextlib.suppress(elf.NotBpf, OSError):
            yield elf.read(path.read_bytes())


def _built(pattern: str) -> Iterable[Path]:
    return sorted(path for path in Path(paths.BUILD_DIRECTORY).glob(pattern) if path.is_file())
