"""Show the key after a key, or the first.

This is how programs in user space go through a map. Keys of a hash have no order that means anything.

\b
Examples:
  xdpctl map next pkt_cnt
  xdpctl map next pkt_cnt 3
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.ops.map import read
from xdpctl.views import map as view


def command(
    name: str = arguments.MAP,
    key: list[str] = typer.Argument(
        None, metavar="[KEY...]", help="In words; without it, the first key is shown.", show_default=False
    ),
    pin: str = arguments.PIN,
    json: bool = arguments.JSON,
    as_: str = arguments.AS,
) -> None:
    words = tuple(key or ())
    found = read.following(name, session.reach(pin), words, as_)
    if json:
        session.say(view.next_as_json(found.value if found else None, last=found is None))
    elif found is not None:
        session.stream(view.key_lines([found.words]))
    else:
        session.note(f"{' '.join(words)} is the last key of {name}" if words else f"{name} is empty")
