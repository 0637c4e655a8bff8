"""The BTF of a map, and how its keys and values are read by it."""

from xdpctl.core.btf import check
from xdpctl.core.btf.types import BtfDump, MapTypes, Types
from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Map
from xdpctl.core.maps import decode, refusals
from xdpctl.core.maps.decode import Layout
from xdpctl.errors import BadRequest
from xdpctl.tools import bpftool, host, proc


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


def from_notation(map_: Map, words: str) -> MapTypes:
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
    return decode.layout_of(map_, types, raw, host.boot_time())
