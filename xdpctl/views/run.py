"""What became of packets: verdicts, what was changed in them, and what changed in maps."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import PurePath
from typing import Any

from xdpctl.core.machine.model import Map, Program
from xdpctl.core.maps.companions import GLOBALS
from xdpctl.core.maps.decode import Entry
from xdpctl.core.packets.edits import Edit, edits
from xdpctl.core.packets.map_changes import ElementChange
from xdpctl.core.packets.run_counts import Run, Sums
from xdpctl.core.values.json_text import SCHEMA, listed, to_json
from xdpctl.core.values.value import Value, flat
from xdpctl.views.dump import table_lines
from xdpctl.views.table import table, text

BYTES = 16
"""Of changed bytes, so many are shown."""


def run_lines(runs: Iterable[Run], width: int) -> Iterator[str]:
    """A line for each packet, of whose names the longest has this width; below it, what was changed."""
    width = max(width, len("PACKET"))
    yield f"{'PACKET':<{width}}  LENGTH  VERDICT\n"
    for run in runs:
        yield f"{run.packet.name:<{width}}  {len(run.packet.data):>6}  {run.verdict}\n"
        yield from (f"  {line}\n" for line in (*edit_lines(run), *_effect_lines(run)))


def edit_lines(run: Run) -> Iterator[str]:
    before, after = len(run.packet.data), len(run.out)
    if before != after:
        yield f"length: {before} -> {after}"
    yield from map(_edit_line, edits(run.packet.data, run.out))


def _effect_lines(run: Run) -> Iterator[str]:
    for map_, changes in run.effects:
        for change in changes:
            name = "" if map_.internal else f"{text(map_.name)} "
            yield f"{name}{key_text(change.key)}: {_difference(change.before, change.after)}"


def key_text(key: Value) -> str:
    return " ".join(text(part) for part in flat("key", key).values())


def _difference(before: Value, after: Value) -> str:
    """`+1`, or of each member that is another: `packets +1, bytes +98`."""
    if isinstance(after, dict):
        old = before if isinstance(before, dict) else {}
        return ", ".join(
            f"{name} {_difference(old.get(name), part)}"
            for name, part in after.items()
            if part != old.get(name)
        )
    if isinstance(after, int) and not isinstance(after, bool) and (before is None or isinstance(before, int)):
        return f"{after - (before or 0):+}"
    return f"{text(before)} -> {'gone' if after is None else text(after)}"


def _edit_line(edit: Edit) -> str:
    if edit.field is not None:
        read = edit.field.read
        return f"{edit.field.name}: {read(edit.before)} -> {read(edit.after)}"
    if not edit.before:
        return f"byte {edit.offset}: {_count(edit.after)} put in: {_hex(edit.after)}"
    if not edit.after:
        return f"byte {edit.offset}: {_count(edit.before)} taken out: {_hex(edit.before)}"
    return f"byte {edit.offset}: {_hex(edit.before)} -> {_hex(edit.after)}"


def _hex(data: bytes) -> str:
    return data[:BYTES].hex(" ") + " …" * (len(data) > BYTES)


def _count(data: bytes) -> str:
    return f"{len(data)} byte{'s' * (len(data) != 1)}"


def verdict_table(verdicts: Mapping[str, Sums]) -> str:
    return table(("verdict", *Sums._fields), [(name, *sums) for name, sums in sorted(verdicts.items())])


def map_lines(map_: Map, batches: Iterable[list[ElementChange]]) -> Iterator[str]:
    """A table of what changed in a map, after its name; nothing if nothing did."""
    some = (batch for batch in batches if batch)
    first = next(some, None)
    if first is None:
        return
    yield f"\n{_title(map_)}\n"
    batches = chain([first], some)
    yield from table_lines(([_entry(map_, change) for change in batch] for batch in batches), False)


def _title(map_: Map) -> str:
    """Global variables that begin as zero, and others, are in maps of their own: `xdp_allo.data`."""
    return title(map_.own_name)


def title(own_name: str) -> str:
    if own_name == GLOBALS:
        return "global variables"
    return f"{text(own_name)}: global variables" if own_name.startswith(".") else text(own_name)


def _entry(map_: Map, change: ElementChange) -> Entry:
    return Entry({"name": change.key} if map_.internal else change.key, mark(change.before, change.after))


def mark(before: Value, after: Value) -> Value:
    """`+3` of what was nothing, `5 -> 8` of what was something; members of a struct one by one."""
    if isinstance(after, dict):
        old = before if isinstance(before, dict) else {}
        return {name: mark(old.get(name), part) for name, part in after.items()}
    if isinstance(before, dict) and after is None:
        return {name: mark(part, None) for name, part in before.items()}
    if before == after:
        return after
    if after is None:
        return f"{text(before)} -> gone"
    if isinstance(after, int) and not isinstance(after, bool) and not before:
        return f"{after:+}"
    return after if before is None else f"{text(before)} -> {text(after)}"


def json_start(program: Program, copied: PurePath | None, listed: bool) -> str:
    """`packets` is null where they aren't shown one by one."""
    told = to_json(about(program, copied))
    return f'{{"schema":{SCHEMA},"program":{told},"packets":{"[" if listed else "null"}'


def about(program: Program, copied: PurePath | None) -> dict[str, str | None]:
    return {"name": program.name, "tag": program.tag, "copied_from": None if copied is None else str(copied)}


def json_middle(verdicts: Mapping[str, Sums], not_run: Mapping[str, int], cut: int, listed: bool) -> str:
    by_verdict = [{"verdict": name, **sums._asdict()} for name, sums in sorted(verdicts.items())]
    more = to_json({"verdicts": by_verdict, "not_run": reasons(not_run), "cut": cut})[1:-1]
    return f'{"]" * listed},{more},"maps":['


def reasons(not_run: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"reason": reason, "packets": count} for reason, count in not_run.items()]


def json_packets(runs: Iterable[Run]) -> Iterator[str]:
    return listed(to_json(_packet(run)) for run in runs)


def _packet(run: Run) -> dict[str, Any]:
    return {
        "packet": run.packet.name,
        "length": len(run.packet.data),
        **run_json(run),
        "maps": [{"name": map_.name, "changes": changes} for map_, changes in run.effects],
    }


def run_json(run: Run) -> dict[str, Any]:
    return {
        "verdict": run.verdict,
        "length_after": len(run.out),
        "changes": [
            {
                "offset": edit.offset,
                "field": edit.field and edit.field.name,
                "before": edit.before.hex(),
                "after": edit.after.hex(),
            }
            for edit in edits(run.packet.data, run.out)
        ],
    }


def json_maps(maps: Iterable[tuple[Map, Iterable[list[ElementChange]]]]) -> Iterator[str]:
    between = ""
    for map_, batches in maps:
        yield between + to_json({"name": map_.name, "type": map_.type})[:-1] + ',"changes":['
        yield from listed(to_json(batch)[1:-1] for batch in batches if batch)
        yield "]}"
        between = ","
    yield "]}\n"
