"""Detach everywhere, remove the pins.

The program is taken off every device on which it runs, in any network namespace; then its pins and
those of its maps are removed, and their directory if that leaves it empty.

Where the directory is the root of bpffs, or holds several programs, one that xdpctl didn't build stays,
unless --force is given: it may be anybody's. So does a program that is pinned elsewhere too; --force
removes all its pins.

Example: xdpctl unload --pin /sys/fs/bpf/ebpf
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.wording import listed
from xdpctl.ops import unload


def command(
    pin: str = arguments.PIN,
    force: bool = typer.Option(False, "--force", help="Unload it whosever it is, and wherever it is pinned."),
) -> None:
    prepared = unload.prepare(session.pin_directory(pin), force, session.dry_run())
    if session.dry_run():
        session.say_plan(prepared.operation.plan)
        if not prepared.programs:
            session.note("without root it can't be seen where programs run: detaching isn't shown")
        return

    def detached() -> None:
        for device in prepared.devices:
            session.say(f"detached from {device}")

    def unloaded() -> None:
        for pin_elsewhere in prepared.kept:
            session.note(f"a map stays in the kernel, it is pinned at {pin_elsewhere} too")
        session.say(f"unloaded {listed(p.name for p in prepared.programs)} from {prepared.pin}")

    unload.run(prepared, detached, unloaded)
