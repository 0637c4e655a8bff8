"""Maps, as a table, as text about one, or as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from xdpctl.core.machine.model import Map, Program
from xdpctl.core.maps.kinds import ABOUT, flag_names
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.views.table import table, text
from xdpctl.views.units import amount

Listed = tuple[Map, Sequence[Program]]


def as_table(found: Sequence[Listed]) -> str:
    header = ("id", "name", "type", "key", "value", "max entries", "memory", "used by", "pinned at")
    rows = [
        (
            map_.id,
            map_.name or None,
            map_.type,
            f"{map_.bytes_key} B",
            f"{map_.bytes_value} B",
            map_.max_entries,
            amount(map_.bytes_memlock, "bytes"),
            _names(programs) or None,
            " ".join(map_.pinned) or None,
        )
        for map_, programs in found
    ]
    return table(header, rows)


def list_as_json(found: Sequence[Listed]) -> str:
    return to_json({"schema": SCHEMA, "maps": [_map(*one) for one in found]})


def about(map_: Map, programs: Sequence[Program], key_type: str, value_type: str) -> str:
    """All that there is to one map."""
    return "\n".join(_lines(map_, programs, key_type, value_type))


def about_as_json(map_: Map, programs: Sequence[Program], key_type: str, value_type: str) -> str:
    more = {"btf_id": map_.btf_id, "key_type": key_type or None, "value_type": value_type or None}
    return to_json({"schema": SCHEMA, "map": {**_map(map_, programs), **more}})


def _lines(map_: Map, programs: Sequence[Program], key_type: str, value_type: str) -> Iterator[str]:
    unknown = "" if map_.btf_id else ", the map has no BTF that tells their type"
    about_type = ABOUT.get(str(map_.type))
    yield f"{text(map_.name or 'unnamed')}  id {map_.id}"
    yield from _line("type", f"{map_.type}: {about_type}" if about_type else map_.type)
    yield from _line("key", _size(map_.bytes_key) + (f": {key_type}" if key_type else unknown))
    yield from _line("value", _size(map_.bytes_value) + (f": {value_type}" if value_type else unknown))
    yield from _line("max entries", map_.max_entries)
    yield from _line("flags", ", ".join(flag_names(map_.flags)) or "none")
    yield from _line("memory", amount(map_.bytes_memlock, "bytes"))
    yield from _line("frozen", "yes: user space can't write to it" if map_.frozen else "no")
    yield from _line(
        "used by", ", ".join(f"{p.name or 'unnamed'} (id {p.id})" for p in programs) or "no program"
    )
    yield from _line("pinned at", "\n".join(map(text, map_.pinned)) or "no place")


def _line(name: str, what: object) -> Iterator[str]:
    first, *more = str(what).split("\n")
    yield f"  {name:<11}  {text(first)}"
    yield from (f"  {'':<11}  {text(line)}" for line in more)


def _size(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _names(programs: Sequence[Program]) -> str:
    return " ".join(program.name or f"id:{program.id}" for program in programs)


def _map(map_: Map, programs: Sequence[Program]) -> dict[str, Any]:
    return {
        "id": map_.id,
        "name": map_.name,
        "type": map_.type,
        "key_size": map_.bytes_key,
        "value_size": map_.bytes_value,
        "max_entries": map_.max_entries,
        "flags": flag_names(map_.flags),
        "memory": map_.bytes_memlock,
        "frozen": bool(map_.frozen),
        "programs": [{"id": program.id, "name": program.name} for program in programs],
        "pinned": map_.pinned,
    }
