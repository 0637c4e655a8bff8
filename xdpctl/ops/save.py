"""Write a map to a file, from which `map restore` fills one: JSON lines, the first of them about the map."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.machine.model import Map, Via
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import refusals
from xdpctl.core.maps.decode import Entry
from xdpctl.core.values.formats import time_of_day
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.errors import BadRequest
from xdpctl.tools import host
from xdpctl.tools.files import placing
from xdpctl.tools.maps import reading
from xdpctl.tools.maps.find import Found, find_map


class Saved(Struct, frozen=True):
    map: Map
    count: int
    ipv6_map: str
    """The map that holds the other flows of the same counter."""


def save(name: str, reach: Reach, path: Path, via: Via | None) -> Saved:
    """All elements, raw: names and times of day don't tell all."""
    host.require_privileges()
    with _output(path) as file:
        found = find_map(name, reach)
        refusals.check_restorable(found.map)
        under_way = reading.start(found.map, raw=True, via=via, per_cpu=found.map.per_cpu, keys_alone=False)
        file.write(_line(_about(found)))
        count = 0
        to_save = replace(under_way.of, layout=under_way.of.layout.to_save)
        for entries in replace(under_way, of=to_save).own_entries():
            there = [entry for entry in entries if entry.per_cpu or entry.value is not None]
            file.writelines(map(_line, map(_element, there)))
            count += len(there)
        file.write(_line({"elements": count}))
    return Saved(found.map, count, under_way.of.kept.ipv6_map)


@contextlib.contextmanager
def _output(path: Path) -> Iterator[BinaryIO]:
    """Standard output for `-`; a file is there whole or not at all."""
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    if path.exists() and not path.is_file():
        raise BadRequest(f"{path} is no file, and what is saved would take its place", "name a file")
    with placing.beside(path) as (aside, name):
        with aside.create(name) as file:
            yield file
        aside.move(name)


def _about(found: Found) -> dict[str, Any]:
    map_ = found.map
    return {
        "schema": SCHEMA,
        "saved": time_of_day(time.time_ns()),
        "boot": host.boot_time(),
        "map": {
            "id": map_.id,
            "name": map_.name,
            "type": map_.type,
            "key_size": map_.bytes_key,
            "value_size": map_.bytes_value,
            "max_entries": map_.max_entries,
            "pin": found.pin,
        },
    }


def _element(entry: Entry) -> dict[str, Any]:
    if not entry.per_cpu:
        return {"key": entry.key, "value": entry.value}
    return {"key": entry.key, "cpus": [part.value for part in entry.per_cpu]}


def _line(what: dict[str, Any]) -> bytes:
    return to_json(what).encode() + b"\n"
