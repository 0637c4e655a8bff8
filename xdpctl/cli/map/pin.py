"""Pin a map, so that it stays and can be named.

A pin keeps a map when its program has gone. A name is pinned in the pin directory, and MAP by its name is
looked for there alone: one that isn't pinned yet is named by its id, which `xdpctl map list` shows.

\b
Examples:
  xdpctl map pin id:25 kept
  xdpctl map pin pkt_cnt /sys/fs/bpf/kept
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.ops.map import pin_map


def command(
    name: str = arguments.MAP,
    path: str = typer.Argument(..., metavar="NAME|PATH", help="Where, in bpffs.", show_default=False),
    pin: str = arguments.PIN,
) -> None:
    prepared = pin_map.prepare(name, session.pin_directory(pin), path)
    if session.dry_run():
        session.say_plan(prepared.operation.plan)
        return
    pin_map.run(prepared)
    session.say(f"pinned {prepared.map.name} (id {prepared.map.id}) at {prepared.path}")
