"""Put the pinned program on a device.

\b
Examples:
  xdpctl attach eth1
  xdpctl --netns lab attach veth0 --mode generic
"""

from xdpctl.cli import arguments, session
from xdpctl.core.machine.model import ModeChoice
from xdpctl.ops import attach


def command(dev: str = arguments.DEVICE, pin: str = arguments.PIN, mode: ModeChoice = arguments.MODE) -> None:
    directory = session.pin_directory(pin)
    prepared = attach.prepare(dev, directory, mode, session.netns(), session.dry_run())
    if session.dry_run():
        session.say_plan(prepared.operation.plan)
        if prepared.program == "PROGRAM":
            session.note("without root the pins can't be seen: PROGRAM stands for the program's name")
        return
    done = attach.run(prepared)
    session.say_attached(done.program, done.device, done.mode, done.fell_back)
