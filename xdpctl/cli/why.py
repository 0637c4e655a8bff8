"""Say why a counter doesn't move.

Asks in turn: is the program loaded, pinned, attached, is it the right map, is the device up, do
packets come in, does the program run, does it count? Watches for a second, tells the first thing
that is wrong and how to mend it, and ends with status 5; or tells what was received and counted
meanwhile. The map is read first and last, so that it may be some packets ahead. Without MAP or DEV
it looks at what is pinned.

\b
Examples:
  xdpctl why
  xdpctl why pkt_cnt
  xdpctl --netns lab why veth0
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.why.finding import Broken
from xdpctl.errors import NotAsItShouldBe
from xdpctl.ops import why
from xdpctl.views import why as view


def command(
    name: str | None = typer.Argument(
        None,
        metavar="MAP|DEV",
        help="Map, named as for `xdpctl dump`, or network device; or a pinned program, for where it runs.",
        autocompletion=arguments.completion("maps_and_devices", "pin", "netns"),
        show_default=False,
    ),
    pin: str = arguments.PIN,
    json: bool = arguments.JSON,
) -> None:
    found = why.explain(name, session.reach(pin), session.netns())
    session.say_lines(view.as_json(found) if json else view.as_text(found))
    if isinstance(found, Broken):
        raise typer.Exit(NotAsItShouldBe.exit_code)
