"""Show how fast counters count.

MAPs are named as for `xdpctl dump`. On a terminal: totals, rates per second, each key's share and its
history, drawn anew at each interval; q ends it. Elsewhere: a line for each key and interval. Ctrl-C
ends it too, and that is no error. In the end there is a summary.

\b
Examples:
  xdpctl watch pkt_cnt
  xdpctl watch actions flows --interval 0.5 --bits
  xdpctl watch flows --where 'dst_port in 1-1023' --top 5
  xdpctl watch pkt_cnt --count 60 --csv > minute.csv
"""

import contextlib
import time

import typer

from xdpctl.cli import arguments, session, terminal
from xdpctl.cli.watch_display import LineDisplay, Screen, row, time_now
from xdpctl.core.machine.model import Via
from xdpctl.errors import Usage
from xdpctl.ops import watch
from xdpctl.ops.watch import Clock
from xdpctl.views import watch as view


def command(
    names: list[str] = typer.Argument(
        ...,
        metavar="MAP...",
        help="Maps to watch.",
        autocompletion=arguments.completion("maps", "pin"),
        show_default=False,
    ),
    interval: float = typer.Option(1.0, metavar="SECONDS", min=0.01, max=86400, help="Time between samples."),
    count: int | None = typer.Option(None, metavar="N", min=1, help="End after N intervals."),
    bits: bool = typer.Option(False, "--bits", help="Show bytes as bits."),
    jsonl: bool = typer.Option(False, "--jsonl", help="Print JSON, a line for each key and interval."),
    csv: bool = typer.Option(False, "--csv", help="Print comma-separated values."),
    top: int | None = typer.Option(None, metavar="N", min=1, help="Show the N fastest keys alone."),
    where: str = arguments.WHERE,
    pin: str = arguments.PIN,
    as_: str = arguments.AS,
    via: Via | None = arguments.VIA,
) -> None:
    if jsonl and csv:
        raise Usage("--jsonl and --csv exclude each other", "give one of them")
    if bits and (jsonl or csv):
        given = "--jsonl" if jsonl else "--csv"
        raise Usage(f"--bits is for people: {given} has bytes as they are", "leave one of them out")
    if interval != interval:
        raise Usage("--interval: that is no number of seconds", "write it like 1 or 0.5")
    request = watch.Request(names=tuple(names), reach=session.reach(pin), via=via, as_=as_, where=where)
    watched, poller = watch.watch(request)
    display: LineDisplay | Screen = LineDisplay(jsonl, csv, bits, top)
    if terminal.draws() and not (jsonl or csv):
        display = Screen(watched, bits, top)
    ticks = watch.ticks(interval, count, Clock(time.monotonic, display.sleep), display.tell)
    try:
        with display, contextlib.suppress(KeyboardInterrupt):
            for _ in ticks:
                goes_on = watch.sample(watched, poller, display.tell)
                if not (display.show(watched, time_now()) and goes_on):
                    break
    finally:
        if read := [row(one, top) for one in watched if one.rates.begun]:
            summary = view.summary(read, bits)
            (session.note_lines if jsonl or csv else session.say_lines)(f"\n{summary}")
