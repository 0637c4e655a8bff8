"""Whether a compiled object is what xdpctl loads."""

from xdpctl.core.objects import elf
from xdpctl.errors import ObjectInvalid, Refused


def check_object(data: bytes, name: str, maps: tuple[str, ...] = ()) -> elf.BpfObject:
    """Refuse an object that could not be loaded, or whose numbers could not be read."""
    try:
        found = elf.read(data)
    except elf.NotBpf as error:
        raise ObjectInvalid(f"{name} is no BPF object: {error.message}", "build one: xdpctl build") from error
    if found.legacy_maps:
        raise ObjectInvalid(
            f'{name} defines maps in SEC("maps"), which libbpf 1.0 and later refuse: '
            f"{', '.join(found.legacy_maps)}",
            "build it from its source: `xdpctl build FILE.c --convert` writes the maps in today's form",
        )
    if not found.xdp_programs:
        others = ", ".join(f'{program} in SEC("{section}")' for section, program in found.programs)
        raise ObjectInvalid(
            f"{name} has no XDP program" + (f", only {others}" if others else ""),
            'put SEC("xdp") before the function that the kernel shall call',
        )
    if not found.has_btf:
        raise ObjectInvalid(f"{name} has no BTF, so its maps can't be read", "compile it with -g")
    missing = [map_name for map_name in maps if map_name not in found.maps]
    if missing:
        raise Refused(f"{name} lacks the map {', '.join(missing)}")
    return found
