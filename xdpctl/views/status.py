"""Programs, their maps and devices, as text or JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from xdpctl.core.machine.model import ProgramStatus
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.core.values.visible import visible
from xdpctl.views.table import table


def as_json(found: Sequence[ProgramStatus]) -> str:
    return to_json({"schema": SCHEMA, "programs": [_program(one) for one in found]})


def as_text(found: Sequence[ProgramStatus]) -> str:
    return "\n\n".join("\n".join(_lines(one)) for one in found)


def _lines(one: ProgramStatus) -> Iterator[str]:
    program = one.program
    since = datetime.fromtimestamp(program.loaded_at).isoformat(" ")
    mark = "*" if program.ours else " "
    yield f"{mark} {visible(program.name) or 'unnamed'}  id {program.id}  tag {program.tag}  since {since}"
    for place in one.places:
        yield f"    runs on {visible(place.device)} in {place.attachment.mode.mode} mode"
    if not one.places:
        yield "    runs on no device of this network namespace"
    pins = dict.fromkeys(map(visible, program.pinned))  # bpftool repeats them where bpffs is mounted twice
    yield f"    pinned at {' and '.join(pins)}" if pins else "    not pinned"
    rows = [
        (
            m.name,
            m.id,
            m.type,
            f"{m.bytes_key} B",
            f"{m.bytes_value} B",
            m.max_entries,
            " ".join(dict.fromkeys(m.pinned)),
        )
        for m in one.maps
        if not (program.ours and m.internal)
    ]
    if rows:
        header = ("map", "id", "type", "key", "value", "max entries", "pinned at")
        yield from (f"    {line}" for line in table(header, rows).splitlines())


def _program(one: ProgramStatus) -> dict[str, Any]:
    program = one.program
    return {
        "id": program.id,
        "name": program.name,
        "tag": program.tag,
        "ours": program.ours,
        "loaded_at": program.loaded_at,
        "pinned": program.pinned,
        "attached": [{"device": p.device, "mode": p.attachment.mode.mode} for p in one.places],
        "maps": [
            {
                "id": m.id,
                "name": m.name,
                "type": m.type,
                "key_size": m.bytes_key,
                "value_size": m.bytes_value,
                "max_entries": m.max_entries,
                "pinned": m.pinned,
            }
            for m in one.maps
        ],
    }
