"""How `watch` shows what it sees: on a terminal, or line by line."""

import signal
import time
from collections import deque
from collections.abc import Sequence

from xdpctl.cli import session, terminal
from xdpctl.core.values.formats import time_of_day
from xdpctl.ops.watch import WatchedCounter
from xdpctl.views import watch as view
from xdpctl.views.watch import Terminal, WatchRow


class LineDisplay:
    """For whoever reads what isn't a terminal: a line for each key."""

    def __init__(self, jsonl: bool, csv: bool, bits: bool, top: int | None) -> None:
        self._jsonl, self._csv, self._bits, self._top = jsonl, csv, bits, top

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def __enter__(self) -> None:
        if self._csv:
            session.stream([view.CSV_HEADER], live=True)

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, what: str) -> None:
        if self._jsonl:
            session.stream([view.json_event(what, time_now())], live=True)
        else:
            session.note(what)

    def show(self, watched: Sequence[WatchedCounter], now: str) -> bool:
        return session.stream(
            (self._text(row(one, self._top), now) for one in watched if one.there), live=True
        )

    def _text(self, one: WatchRow, now: str) -> str:
        if self._jsonl:
            return "".join(view.json_lines(one, now))
        return view.csv_lines(one, now) if self._csv else "".join(view.lines(one, now, self._bits))


class Screen:
    """For a terminal: all of it is drawn anew, also when the size changes."""

    def __init__(self, watched: Sequence[WatchedCounter], bits: bool, top: int | None) -> None:
        self._watched, self._bits, self._top = watched, bits, top
        self._blocks, self._keyboard = terminal.shows_blocks(), terminal.Keyboard()
        self._messages: deque[str] = deque(maxlen=10)

    def sleep(self, seconds: float) -> None:
        """Where q is pressed, it ends as with Ctrl-C."""
        end = time.monotonic() + seconds
        while True:
            if "q" in self._keyboard.pressed_within(max(0.0, end - time.monotonic())).lower():
                raise KeyboardInterrupt
            if time.monotonic() >= end:
                return

    def __enter__(self) -> None:
        self._keyboard.__enter__()
        session.draw(terminal.OTHER_SCREEN)
        self._resized = signal.signal(signal.SIGWINCH, lambda *_: self._draw())

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGWINCH, self._resized)
        self._keyboard.__exit__()
        session.draw(terminal.BACK)
        session.flush()
        for message in self._messages:
            session.note(message)

    def tell(self, what: str) -> None:
        self._messages.append(f"{time_now()}  {what}")

    def show(self, _watched: Sequence[WatchedCounter], _now: str) -> bool:
        return self._draw()

    def _draw(self) -> bool:
        columns, lines = terminal.size()
        shape = Terminal(columns, lines, self._blocks, self._bits)
        text = view.screen([row(one, self._top) for one in self._watched], self._messages, shape)
        return session.draw(terminal.drawn_over(text)) and session.flush()


def row(one: WatchedCounter, top: int | None) -> WatchRow:
    about = f"{one.map.type}, id {one.map.id}"
    return WatchRow(
        name=one.name,
        about=about,
        there=one.there,
        key_names=one.key_names,
        fields=one.fields,
        rates=one.rates,
        top=top,
    )


def time_now() -> str:
    return time_of_day(time.time_ns())
