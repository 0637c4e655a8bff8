"""Show what is loaded, pinned and attached.

Every XDP program in the kernel, with its maps, and its devices in this network namespace (or in
that of --netns). Programs that xdpctl built are marked with *.

Example: xdpctl status --json
"""

from xdpctl.cli import arguments, session
from xdpctl.ops import status
from xdpctl.views import status as view


def command(json: bool = arguments.JSON) -> None:
    found = status.status(session.netns())
    if json:
        session.say(view.as_json(found))
    elif not found:
        session.note("no XDP program is loaded")
    else:
        session.say_lines(view.as_text(found))
