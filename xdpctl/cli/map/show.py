"""Show everything about one map.

Its type, what keys and values are in C, its size, flags, pins, and the programs that use it.

\b
Examples:
  xdpctl map show pkt_cnt
  xdpctl map show id:25 --json
"""

from xdpctl.cli import arguments, session
from xdpctl.ops.map import listing
from xdpctl.views import map_list as view


def command(name: str = arguments.MAP, pin: str = arguments.PIN, json: bool = arguments.JSON) -> None:
    found = listing.show(name, session.reach(pin))
    render = view.about_as_json if json else view.about
    session.say_lines(render(found.map, found.programs, found.key_type, found.value_type))
