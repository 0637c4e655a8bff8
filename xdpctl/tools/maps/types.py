"""The BTF of a map, and how its keys and values are read by it."""

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.btf import check
from xdpctl.core.btf.types import BtfDump, Types, struct_with_meaning
from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Map
from xdpctl.core.maps import decode, refusals
from xdpctl.core.maps.decode import Layout
from xdpctl.errors import BadRequest
from xdpctl.tools import bpftool, host, proc


class MapTypes(Struct, frozen=True):
    everything: BtfDump = BtfDump(())
    key_and_value: BtfDump = BtfDump(())

    @property
    def key_name(self) -> str:
        """The type of the key, if it is a struct whose name and members have a meaning."""
        return struct_with_meaning(self.key_and_value.types[0]) if self.key_and_value.types else ""

    @property
    def of_variables(self) -> bool:
        """Whether the values are global variables; their one key has no type."""
        return any(type_.kind == "DATASEC" for type_ in self.key_and_value.types)


def of(map_: Map) -> MapTypes:
    if not map_.btf_id:
        return MapTypes()
    asked = bpftool.start_btf("id", str(map_.btf_id))
    key_and_value = proc.query(bpftool.command("btf", "dump", "map", "id", str(map_.id)))
    everything = _btf(map_, asked.result())
    try:
        check.check(everything.types)
    except check.Unsound as unsound:
        raise answers.unreadable("bpftool", str(unsound)) from None
    return MapTypes(everything, _btf(map_, key_and_value))


def _btf(map_: Map, result: proc.Result) -> BtfDump:
    if not result.ok and bpftool.is_missing(bpftool.reason_of(result)):
        raise refusals.gone(map_)
    return bpftool.btf(result)


def told(map_: Map, words: str) -> MapTypes:
    """The types that somebody says a map has."""
    from xdpctl.core.btf.notation import as_types

    dump, key_and_value = as_types(words)
    sizes = Types(dump.types)
    for what, size, type_ in zip(
        ("key", "value"), (map_.bytes_key, map_.bytes_value), key_and_value.types, strict=True
    ):
        if sizes.size(type_.id) != size:
            raise BadRequest(
                f"--as: a {what} of {map_.name} has {size} bytes, and this has {sizes.size(type_.id)}",
                "structs have padding as in C",
            )
    return MapTypes(dump, key_and_value)


def layout(map_: Map, types: MapTypes, raw: bool) -> Layout:
    sizes = map_.bytes_key, map_.bytes_value
    if not types.key_and_value.types and (known := decode.of_kind(str(map_.type), *sizes)):
        return known
    found = decode.layout(types.everything, types.key_and_value, sizes, raw, host.boot_time())
    return replace(found, key=decode.NUMBER) if types.of_variables else found
