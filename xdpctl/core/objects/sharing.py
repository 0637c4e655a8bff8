"""Whether a map that is there can take the place of one that an object defines."""

from collections.abc import Iterator

from xdpctl.core.machine.map_types import type_name
from xdpctl.core.machine.model import Map
from xdpctl.core.objects.map_definitions import MapDefinition
from xdpctl.errors import MapDiffers

_READ_ONLY = 1 << 7
"""BPF_F_RDONLY_PROG, which the kernel itself sets for a devmap."""
_PAGE = 4096


def check(definition: MapDefinition, there: Map, where: str, path: str) -> None:
    """An error that names each field in which they differ: bpftool would bind them all the same."""
    if wrong := tuple(differences(definition, there)):
        raise MapDiffers(f"the map at {where} isn't like {definition.name} of {path}", *wrong)


def differences(wanted: MapDefinition, there: Map) -> Iterator[str]:
    kind = type_name(wanted.type)
    fields = (
        ("type", str(there.type), kind),
        ("key", f"{there.bytes_key} bytes", f"{wanted.key_size} bytes"),
        ("value", f"{there.bytes_value} bytes", f"{wanted.value_size} bytes"),
        ("entries", str(there.max_entries), str(_entries(wanted, kind, there))),
        ("flags", hex(_flags(there)), hex(wanted.flags)),
    )
    return (f"{field}: {have}, not {want}" for field, have, want in fields if have != want)


def _entries(wanted: MapDefinition, kind: str, there: Map) -> int:
    """libbpf asks for one of each CPU where none is told, and for a ring of whole pages."""
    if kind == "perf_event_array" and not wanted.max_entries:
        return there.max_entries
    if kind.endswith("ringbuf"):
        return max(_PAGE, 1 << (wanted.max_entries - 1).bit_length())
    return wanted.max_entries


def _flags(there: Map) -> int:
    return there.flags & ~_READ_ONLY if there.holds_devices else there.flags
