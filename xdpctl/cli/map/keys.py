"""Show all keys.

One a line, in words that the other verbs take back.

\b
Examples:
  xdpctl map keys flows
  xdpctl map keys blocked --json
"""

from xdpctl.cli import arguments, session
from xdpctl.ops.map import read
from xdpctl.views import map as view


def command(
    name: str = arguments.MAP,
    pin: str = arguments.PIN,
    json: bool = arguments.JSON,
    as_: str = arguments.AS,
) -> None:
    map_, keys = read.keys(name, session.reach(pin), as_)
    if json:
        session.stream(view.keys_as_json(map_.name, (key.value for key in keys)))
    else:
        session.stream(view.key_lines(key.words for key in keys))
