"""Show all maps of the kernel.

Maps of all programs, not only of XDP, with the memory that they take.

Example: xdpctl map list --json
"""

from xdpctl.cli import arguments, session
from xdpctl.ops.map import listing
from xdpctl.views import map_list as view


def command(json: bool = arguments.JSON) -> None:
    found = [(one.map, one.programs) for one in listing.list_()]
    if json:
        session.say(view.list_as_json(found))
    elif found:
        session.say_lines(view.as_table(found))
    else:
        session.note("there is no map")
