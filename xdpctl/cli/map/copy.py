"""Copy all elements of a map to another.

Both have the same keys and values. Elements that are in TO alone stay there.

Example: xdpctl map copy pkt_cnt id:31
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.wording import element_count
from xdpctl.ops.map import copy


def command(
    from_: str = typer.Argument(
        ..., metavar="FROM", help="Which map is read.", autocompletion=arguments.completion("maps", "pin")
    ),
    to: str = typer.Argument(
        ..., metavar="TO", help="Which map is written.", autocompletion=arguments.completion("maps", "pin")
    ),
    pin: str = arguments.PIN,
) -> None:
    with session.checking():
        writing = copy.prepare(from_, to, session.reach(pin))
    if (count := session.written(writing)) is not None:
        session.say(f"{element_count(count)} of {from_} copied to {to}")
