"""Words for a shell to complete, as far as they can be had at once and without root."""

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from xdpctl.core.machine import paths
from xdpctl.core.machine.reach import Reach
from xdpctl.core.objects import elf
from xdpctl.core.query import rows
from xdpctl.errors import BadRequest, XdpctlError
from xdpctl.tools import bpffs, bpftool, netns
from xdpctl.tools.files import assets, trust
from xdpctl.tools.maps import types
from xdpctl.tools.maps.find import find_map


def check_home() -> None:
    """What is installed is written into files of the home directory, wherever they lead."""
    home = Path.home()
    why = trust.why_unsafe(str(home)) if os.geteuid() == 0 else ""
    if why:
        raise BadRequest(f"{home} is no place for root to write to: {why}", "do it without sudo")


def devices(netns_name: str) -> list[str]:
    with contextlib.suppress(XdpctlError), netns.entered(netns.named(netns_name)):
        return [name for _, name in socket.if_nameindex()]
    return []


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
    patterns = ("*.pcap", "*.pcapng", "*.cap", "*.pcap.gz", "*.pcapng.gz", "*.cap.gz")
    return [str(path) for pattern in patterns for path in sorted(Path().glob(pattern))]


def presets() -> list[str]:
    return list(assets.PRESETS)


def maps(pin: str) -> list[str]:
    """The maps of the built objects, and those that are pinned, where that can be seen."""
    names: set[str] = set()
    directory = os.path.realpath(pin or _pin_directory())
    with contextlib.suppress(XdpctlError):
        if bpffs.entries(directory):
            pins = (path for found in bpftool.maps() for path in paths.below(found.pinned, directory))
            names.update(map(os.path.basename, pins))
    names.update(name for found in _read(_built("*.bpf.o")) for name in found.maps)
    return sorted(names)


def maps_to_fill(pin: str) -> list[str]:
    return [f"{name}=" for name in maps(pin)]


def programs_and_devices(netns_name: str) -> list[str]:
    return [*programs(), *devices(netns_name)]


def maps_and_devices(pin: str, netns_name: str) -> list[str]:
    return [*maps(pin), *devices(netns_name)]


def columns(map_name: str, pin: str) -> list[str]:
    """Of a map that can be read."""
    reach = Reach(
        os.path.realpath(pin or _pin_directory()),
        (_pin_directory(), paths.PIN_DIRECTORY),
        tell=lambda _: None,
    )
    with contextlib.suppress(XdpctlError):
        found = find_map(map_name, reach).map
        return [*rows.columns(types.layout(found, types.of(found), raw=False))]
    return []


def _pin_directory() -> str:
    return os.environ.get("XDPCTL_PIN") or paths.PIN_DIRECTORY


def _pinned() -> list[str]:
    try:
        return os.listdir(_pin_directory())
    except OSError:
        return []


def _read(files: Iterable[Path]) -> Iterator[elf.BpfObject]:
    for path in files:
        with contextlib.suppress(elf.NotBpf, OSError):
            yield elf.read(path.read_bytes())


def _built(pattern: str) -> Iterable[Path]:
    return sorted(path for path in Path(paths.BUILD_DIRECTORY).glob(pattern) if path.is_file())
