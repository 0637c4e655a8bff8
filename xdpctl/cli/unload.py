"""Detach everywhere, remove the pins.

The program is taken off every device on which it runs, in any network namespace; then its pins and
those of its maps are removed, and their directory if that leaves it empty.

Example: xdpctl unload --pin /sys/fs/bpf/ebpf
"""

from xdpctl.cli import arguments, session
from xdpctl.ops import unload


def command(pin: str = arguments.PIN) -> None:
    prepared = unload.prepare(session.pin_directory(pin), session.dry_run())
    if session.dry_run():
        session.say_plan(prepared.operation.plan)
        return
    unload.run(prepared)
    for device in prepared.devices:
        session.say(f"detached from {device}")
    session.say(f"unloaded {', '.join(p.name for p in prepared.programs)} from {prepared.pin}")
