"""The BTF of a map, and how its keys and values are read by it."""

from collections.abc import Collection, Mapping

from xdpctl.core.btf import check
from xdpctl.core.btf.types import BtfDump, MapTypes, Types
from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps import decode, refusals
from xdpctl.core.maps.decode import Layout
from xdpctl.errors import BadRequest
from xdpctl.tools import bpftool, host, proc


def of(map_: Map) -> MapTypes:
    if not map_.btf_id:
        return MapTypes()
    asked = bpftool.start_btf("id", str(map_.btf_id))
    key_and_value = proc.query(bpftool.command("btf", "dump", "map", "id", str(map_.id)))
    return MapTypes(_sound(_btf(map_, asked.result())), _btf(map_, key_and_value))


def of_each(maps: Collection[Map]) -> Mapping[MapId, MapTypes]:
    """Those of several maps, all asked for at once; no types where libbpf told the kernel of none."""
    with_btf = [map_ for map_ in maps if map_.btf_id]
    whole = {map_.btf_id: bpftool.start_btf("id", str(map_.btf_id)) for map_ in with_btf}
    asked = [(map_, bpftool.start_btf("map", "id", str(map_.id))) for map_ in with_btf]
    ends = {id_: running.result() for id_, running in whole.items()}
    found = {map_.id: MapTypes() for map_ in maps}
    for map_, result in [(map_, running.result()) for map_, running in asked]:
        if result.ok or not bpftool.is_missing(bpftool.reason_of(result)):
            found[map_.id] = MapTypes(_sound(_btf(map_, ends[map_.btf_id])), bpftool.btf(result))
    return found


def _sound(dump: BtfDump) -> BtfDump:
    try:
        check.check(dump.types)
    except check.Unsound as unsound:
        raise answers.unreadable("bpftool", str(unsound)) from None
    return dump


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
