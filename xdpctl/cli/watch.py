"""Show how fast counters count.

MAPs are named as for `xdpctl dump`. On a terminal: totals, rates per second, each key's share and its
history, drawn anew at each interval. Elsewhere: a line for each key and interval. Ctrl-C ends it with
a summary.

\b
Examples:
  xdpctl watch pkt_cnt
  xdpctl watch actions flows --interval 0.5 --bits
  xdpctl watch pkt_cnt --count 60 --csv > minute.csv
"""

import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.machine.model import Via
from xdpctl.core.values.formats import time_of_day
from xdpctl.errors import Usage
from xdpctl.ops import watch
from xdpctl.ops.watch import Clock, WatchedCounter
from xdpctl.views import watch as view
from xdpctl.views.watch import Terminal, WatchRow

CLOCK = Clock(time.monotonic, lambda seconds: time.sleep(max(0.0, seconds)))
OTHER_SCREEN, BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
DRAW, NEXT, BELOW = "\x1b[H", "\x1b[K\n", "\x1b[K\x1b[J"


def command(
    names: list[str] = typer.Argument(
        ...,
        metavar="MAP...",
        help="Maps to watch.",
        autocompletion=arguments.completion("maps"),
        show_default=False,
    ),
    interval: float = typer.Option(1.0, metavar="SECONDS", min=0.01, max=86400, help="Time between samples."),
    count: int | None = typer.Option(None, metavar="N", min=1, help="End after N intervals."),
    bits: bool = typer.Option(False, "--bits", help="Show bytes as bits."),
    jsonl: bool = typer.Option(False, "--jsonl", help="Print JSON, a line for each key and interval."),
    csv: bool = typer.Option(False, "--csv", help="Print comma-separated values."),
    pin: str = arguments.PIN,
    via: Via | None = arguments.VIA,
) -> None:
    if jsonl and csv:
        raise Usage("--jsonl and --csv exclude each other", "give one of them")
    if bits and (jsonl or csv):
        given = "--jsonl" if jsonl else "--csv"
        raise Usage(f"--bits is for people: {given} has bytes as they are", "leave one of them out")
    if interval != interval:
        raise Usage("--interval: that is no number of seconds", "write it like 1 or 0.5")
    watched, poller = watch.watch(names, session.reach(pin), via)
    display: LineDisplay | Screen = LineDisplay(jsonl, csv, bits)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not (jsonl or csv):
        display = Screen(watched, bits)
    ticks = watch.ticks(interval, count, CLOCK, display.tell)
    try:
        with display:
            for _ in ticks:
                now = _time()
                goes_on = watch.sample(watched, poller, display.tell)
                if not (display.show(watched, now) and goes_on):
                    break
    finally:
        if read := [_shown(one) for one in watched if one.rates.begun]:
            summary = view.summary(read, bits)
            (session.note_lines if jsonl or csv else session.say_lines)(f"\n{summary}")


class LineDisplay:
    """For whoever reads what isn't a terminal: a line for each key."""

    def __init__(self, jsonl: bool, csv: bool, bits: bool) -> None:
        self._jsonl, self._csv, self._bits = jsonl, csv, bits

    def __enter__(self) -> None:
        if self._csv:
            session.stream([view.CSV_HEADER], live=True)

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, what: str) -> None:
        if self._jsonl:
            session.stream([view.json_event(what, _time())], live=True)
        else:
            session.note(what)

    def show(self, watched: Sequence[WatchedCounter], now: str) -> bool:
        return session.stream((self._text(_shown(one), now) for one in watched if one.there), live=True)

    def _text(self, one: WatchRow, now: str) -> str:
        if self._jsonl:
            return "".join(view.json_lines(one, now))
        return view.csv_lines(one, now) if self._csv else "".join(view.lines(one, now, self._bits))


class Screen:
    """For a terminal: all of it is drawn anew, also when the size changes."""

    def __init__(self, watched: Sequence[WatchedCounter], bits: bool) -> None:
        self._watched, self._bits = watched, bits
        self._blocks = (sys.stdout.encoding or "").lower().startswith("utf")
        self._messages: deque[str] = deque(maxlen=10)

    def __enter__(self) -> None:
        session.draw(OTHER_SCREEN)
        self._resized = signal.signal(signal.SIGWINCH, lambda *_: self._draw())

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGWINCH, self._resized)
        session.draw(BACK)
        session.flush()
        for message in self._messages:
            session.note(message)

    def tell(self, what: str) -> None:
        self._messages.append(f"{_time()}  {what}")

    def show(self, _watched: Sequence[WatchedCounter], _now: str) -> bool:
        return self._draw()

    def _draw(self) -> bool:
        size = shutil.get_terminal_size()
        terminal = Terminal(size.columns, size.lines, self._blocks, self._bits)
        text = view.screen([_shown(one) for one in self._watched], self._messages, terminal)
        return session.draw(DRAW + text.replace("\n", NEXT) + BELOW) and session.flush()


def _shown(one: WatchedCounter) -> WatchRow:
    about = f"{one.map.type}, id {one.map.id}"
    return WatchRow(one.name, about, one.there, one.key_names, one.fields, one.rates)


def _time() -> str:
    return time_of_day(time.time_ns())
