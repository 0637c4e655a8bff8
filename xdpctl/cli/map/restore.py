"""Fill a map with what was saved.

FILE is from `xdpctl dump MAP --save FILE`; - is standard input. MAP is the map of that name in the pin
directory, unless another is named. Times of day stay right over a reboot, fields that are new are zero,
and elements that aren't in the file stay. All of it is checked before the first is written.

\b
Examples:
  xdpctl map restore pkt_cnt.saved
  xdpctl map restore pkt_cnt.saved other_cnt
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.wording import element_count
from xdpctl.ops.map import from_file


def command(
    path: Path = typer.Argument(..., metavar="FILE", help="What was saved.", show_default=False),
    name: str = typer.Argument(
        None,
        metavar="[MAP]",
        help="Which map.",
        autocompletion=arguments.completion("maps", "pin"),
        show_default=False,
    ),
    pin: str = arguments.PIN,
) -> None:
    with session.checking():
        writing = from_file.prepare_restore(path, name, session.pin_directory(pin))
    for note in writing.notes:
        session.note(note)
    if (count := session.written(writing)) is not None:
        session.say(f"{element_count(count)} of {writing.change.map.name} restored")
