"""Take the program off a device.

Finds the mode by itself. A program stays, unless --force is given, if it isn't pinned in the pin directory
(one that xdpctl built may be pinned nowhere), or if xdpctl didn't build it and it shares that directory with
others, or the directory is the root of bpffs.

Example: xdpctl detach eth1
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.machine.owners import describe
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

    def tell() -> None:
        for attachment in prepared.attachments:
            session.say(f"detached {describe(attachment)} from {dev}")

    detach.run(prepared, tell)
