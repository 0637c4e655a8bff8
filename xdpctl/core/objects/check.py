"""Whether a compiled object is what xdpctl loads."""

import sys

from xdpctl.core.objects import elf
from xdpctl.core.wording import listed
from xdpctl.errors import ObjectInvalid, Refused

BYTE_ORDERS = {"little": "<", "big": ">"}


def check_object(data: bytes, name: str, maps: tuple[str, ...] = ()) -> elf.BpfObject:
    """Refuse an object that could not be loaded, or whose numbers could not be read."""
    try:
        found = elf.read(data)
    except elf.NotBpf as error:
        raise ObjectInvalid(f"{name} is no BPF object: {error.message}", "build one: xdpctl build") from error
    if elf.byte_order(data) != BYTE_ORDERS[sys.byteorder]:
        [other] = BYTE_ORDERS.keys() - {sys.byteorder}
        raise ObjectInvalid(
            f"{name} is compiled for {other}-endian machines, and this one is {sys.byteorder}-endian",
            "compile it with -target bpf, as xdpctl build does",
        )
    if found.legacy_maps:
        raise ObjectInvalid(
            f'{name} defines maps in SEC("maps"), which libbpf 1.0 and later refuse: '
            f"{listed(found.legacy_maps)}",
            "build it from its source: `xdpctl build FILE.c --convert` writes the maps in today's form",
        )
    if not found.xdp_programs:
        others = listed(f'{program} in SEC("{section}")' for section, program in found.programs)
        raise ObjectInvalid(
            f"{name} has no XDP program" + (f", only {others}" if others else ""),
            'put SEC("xdp") before the function that the kernel shall call',
        )
    if not found.has_btf:
        raise ObjectInvalid(f"{name} has no BTF, so its maps can't be read", "compile it with -g")
    missing = [map_name for map_name in maps if map_name not in found.maps]
    if missing:
        raise Refused(f"{name} lacks the map {listed(missing)}")
    return found
