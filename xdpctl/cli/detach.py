"""Take the program off a device.

Finds the mode by itself. A program that isn't xdpctl's own (neither built by it nor pinned in the
pin directory) stays, unless --force is given.

Example: xdpctl detach eth1
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.owners import describe
from xdpctl.ops import detach


def command(
    dev: str = arguments.DEVICE,
    pin: str = arguments.PIN,
    force: bool = typer.Option(False, "--force", help="Detach it whosever it is."),
) -> None:
    directory = session.pin_directory(pin)
    prepared = detach.prepare(dev, directory, session.netns(), force, session.dry_run())
    if session.dry_run():
        session.say_plan(prepared.operation.plan)
        return
    for attachment in detach.run(prepared):
        session.say(f"detached {describe(attachment)} from {dev}")
