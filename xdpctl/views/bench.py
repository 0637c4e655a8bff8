"""What programs cost per packet, as a table with bars or as JSON."""

from collections.abc import Iterator
from typing import Any

import msgspec

from xdpctl.core.measure.bench import Measured, Report, Timing, ratio
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.core.values.visible import visible
from xdpctl.views.palette import Palette
from xdpctl.views.table import listed, wrapped

USUAL_WIDTH = 80
"""Of bars, where nothing limits them."""
LEAST_BAR = 10
SAME = 0.05
"""A difference that isn't worth telling."""


def as_json(report: Report) -> str:
    whole = {
        "schema": SCHEMA,
        "kernel": report.kernel,
        "cpus": report.cpus,
        "rounds": report.rounds,
        "noisy": bool(report.noise),
        "noise": report.noise,
        "programs": [_program(report, m) for m in (report.empty, *report.programs)],
    }
    return to_json(whole)


def as_text(report: Report, race: bool, width: int | None, palette: Palette, blocks: bool) -> str:
    """All of it fits a terminal of this width, if there is one."""
    named = (msgspec.structs.replace(m, name=visible(m.name)) for m in report.programs)
    report = msgspec.structs.replace(report, programs=tuple(named))
    rows = _race(report, width) if race else _family(report, width)
    words = "\n".join(conclusions(report)) if race else _legend(report)
    parts = [
        rows,
        "\n".join(_bars(report, width, palette, blocks)),
        wrapped(words, width),
        wrapped("\n".join(f"noisy: {reason}" for reason in report.noise), width),
    ]
    return "\n\n".join(part for part in parts if part)


def conclusions(report: Report) -> list[str]:
    """What the numbers say of each way to count."""
    said = [f"{m.name} {_lost(m.all)}{_cost(m, report)}" for m in report.programs]
    exact = [m for m in report.programs if not m.lost]
    if exact:
        best = min(exact, key=lambda m: m.all.ns)
        said.append(f"exact and cheapest on {_at_once(report)}: {best.name}, {best.all.ns:.1f} ns per packet")
    if report.cpus == 1:
        said.append("there is only one CPU here: nothing ran at once, so there was no race")
    return said


def _lost(t: Timing) -> str:
    return f"lost {t.lost} of {t.ran} counts ({100 * t.lost / t.ran:.2g} %)" if t.lost else "lost nothing"


def _cost(m: Measured, report: Report) -> str:
    if report.cpus == 1:
        return ""
    growth = m.growth
    differs = abs(growth.value - 1) > max(growth.error, SAME)
    much = f"{growth.value:.1f} times as much" if differs else "as much"
    return f", and cost {much} on {_at_once(report)} as on one"


def _program(report: Report, m: Measured) -> dict[str, Any]:
    over, growth = ratio(m.one, report.empty.one), m.growth
    return {
        "name": m.name,
        "repeat": m.repeat,
        "one": _timing(m.one),
        "all": _timing(m.all),
        "over_empty": {"ratio": over.value, "error": over.error},
        "all_over_one": {"ratio": growth.value, "error": growth.error},
        "lost": m.lost,
    }


def _timing(t: Timing) -> dict[str, Any]:
    return {
        "ns": t.ns,
        "error": t.error,
        "samples": t.samples,
        "ran": t.ran,
        "counted": t.counted,
        "lost": t.lost,
    }


def _family(report: Report, width: int | None) -> str:
    header = ("program", "ns on 1 CPU", "/ empty", f"ns on {_cpus(report)}", "/ 1 CPU", "lost")
    rows = []
    for m in (report.empty, *report.programs):
        over = f"{ratio(m.one, report.empty.one).value:.2f}"
        rows.append((m.name, _ns(m.one), over, _ns(m.all), f"{m.growth.value:.2f}", m.lost))
    return _aligned(header, rows, width)


def _race(report: Report, width: int | None) -> str:
    header = (
        "program",
        f"ran on {_at_once(report)}",
        "counted",
        "lost",
        "ns on 1 CPU",
        f"ns on {_cpus(report)}",
    )
    rows = [(m.name, m.all.ran, m.all.counted, m.all.lost, _ns(m.one), _ns(m.all)) for m in report.programs]
    return _aligned(header, rows, width)


def _aligned(header: tuple[str, ...], rows: list[tuple[Any, ...]], width: int | None) -> str:
    """All but the names to the right."""
    widths = [max(len(name), *(len(_cell(row[i])) for row in rows)) for i, name in enumerate(header)]
    cells = [(row[0], *(_cell(c).rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))) for row in rows]
    names = (header[0], *(name.rjust(width) for name, width in zip(header[1:], widths[1:], strict=True)))
    return listed(names, cells, width)


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def _cpus(report: Report) -> str:
    return f"{report.cpus} CPU{'s' * (report.cpus > 1)}"


def _at_once(report: Report) -> str:
    return _cpus(report) + " at once" * (report.cpus > 1)


def _ns(t: Timing) -> str:
    return f"{t.ns:.1f} ±{t.error:4.1f}"


def _bars(report: Report, width: int | None, palette: Palette, blocks: bool) -> Iterator[str]:
    """What one CPU takes, and what all at once take more."""
    shown = (report.empty, *report.programs)
    names = max(len(m.name) for m in shown)
    room = (width or USUAL_WIDTH) - names - len("  1234.5")
    if room < LEAST_BAR:
        return
    solid, light = ("█", "░") if blocks else ("#", "-")
    scale = room / max(m.all.ns for m in shown if m.all.ns)
    green, yellow, plain = palette.green, palette.yellow, palette.plain
    legend = f"{green}{solid}{plain} on 1 CPU, {yellow}{light}{plain} more on {_at_once(report)}"
    yield wrapped(f"ns per packet: {legend}", width)
    for m in shown:
        one = min(room, round(m.one.ns * scale))
        more = max(0, min(room, round(m.all.ns * scale)) - one)
        bar = f"{green}{solid * one}{yellow}{light * more}{plain}"
        yield f"{m.name:<{names}} {bar} {max(m.one.ns, m.all.ns):.1f}"


def _legend(report: Report) -> str:
    return (
        "ns per packet holds what the kernel needs to run a program at all: the line of empty.\n"
        f"± is how far {report.rounds} rounds leave it open; ratios are of what ran in the same round;\n"
        "lost is what ran and wasn't counted."
    )
