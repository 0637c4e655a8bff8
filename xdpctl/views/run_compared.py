"""Where two programs differ, packet by packet and in all."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from xdpctl.core.machine.model import Program
from xdpctl.core.packets.comparison import Difference, MapDifference, Totals
from xdpctl.core.packets.run_counts import Run
from xdpctl.core.values.json_text import SCHEMA, listed, to_json
from xdpctl.core.values.value import Value
from xdpctl.core.wording import packets
from xdpctl.views.run import about, edit_lines, key_text, reasons, run_json, title
from xdpctl.views.table import table, text

UNCHANGED = "-"
IN = ("in_verdict", "in_packet", "in_counts")


def difference_lines(found: Iterable[Difference], width: int) -> Iterator[str]:
    """A line for each packet on which they differ, below it in what else than the verdict."""
    width = max(width, len("PACKET"))
    head = f"{'PACKET':<{width}}  LENGTH  {'VERDICT':<12}  AGAINST\n"
    for one in found:
        yield head
        head = ""
        packet = one.run.packet
        yield f"{packet.name:<{width}}  {len(packet.data):>6}  {one.run.verdict:<12}  {one.against.verdict}\n"
        if one.in_packet:
            yield f"  changed: {_edits(one.run)}\n"
            yield f"  against: {_edits(one.against)}\n"
        for map_ in one.maps:
            name = "" if map_.name.startswith(".") else f"{text(map_.name)} "
            for change in map_.changes:
                sides = f"{_grown(change.growth)}, against {_grown(change.against)}"
                yield f"  {name}{key_text(change.key)}: {sides}\n"


def _edits(run: Run) -> str:
    return "; ".join(edit_lines(run)) or "nothing"


def map_tables(maps: Iterable[MapDifference]) -> Iterator[str]:
    for map_ in maps:
        rows = [
            (key_text(change.key), _grown(change.growth), _grown(change.against)) for change in map_.changes
        ]
        yield f"\n{title(map_.name)}\n{table(('key', 'counted', 'against'), rows)}\n"


def _grown(value: Value) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_grown(part)}" for name, part in value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:+}"
    return UNCHANGED if value is None else text(value)


def summary(totals: Totals, maps: tuple[MapDifference, ...], compared: int) -> str:
    if not (totals.differ or maps):
        counts = f", and in what {compared} map{'s' * (compared != 1)} counted" if compared else ""
        return f"no difference in {packets(totals.packets)}{counts}"
    kinds = {
        "in the verdict": totals.in_verdict,
        "in what became of the packet": totals.in_packet,
        "in counts": totals.in_counts,
    }
    told = [f"{count} {how}" for how, count in kinds.items() if count]
    of_packets = f"{totals.differ} of {packets(totals.packets)} differ{'s' * (totals.differ == 1)}"
    names = ", ".join(title(map_.name) for map_ in maps)
    of_maps = f"; counts differ in {names}" if maps else "; no counts differ" if compared else ""
    return f"\n{of_packets}{': ' * bool(told)}{', '.join(told)}{of_maps}"


def json_start(*programs: tuple[Program, PurePath | None]) -> str:
    """Those that are compared, with the objects that they are copied from."""
    both = dict(zip(("program", "against"), (about(*one) for one in programs), strict=True))
    return f'{{"schema":{SCHEMA},{to_json(both)[1:-1]},"differences":['


def json_differences(found: Iterable[Difference]) -> Iterator[str]:
    return listed(to_json(_difference(one)) for one in found)


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "packet": one.run.packet.name,
        "length": len(one.run.packet.data),
        "program": run_json(one.run),
        "against": run_json(one.against),
        "maps": one.maps,
    }


def json_end(totals: Totals, maps: tuple[MapDifference, ...], not_run: Mapping[str, int], cut: int) -> str:
    end = {
        "same": not (totals.differ or maps),
        **{name: getattr(totals, name) for name in ("packets", "differ", *IN)},
        "not_run": reasons(not_run),
        "cut": cut,
        "maps": maps,
    }
    return f"],{to_json(end)[1:]}\n"
