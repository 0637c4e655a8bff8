"""Put the pinned program on a device.

\b
Examples:
  xdpctl attach eth1
  xdpctl attach eth1 --program xdp_pass
  xdpctl --netns lab attach veth0 --mode generic
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.machine.model import ModeChoice
from xdpctl.ops import attach


def command(
    dev: str = arguments.DEVICE,
    program: str = typer.Option(
        "",
        "--program",
        metavar="NAME",
        help="Which of several pinned programs.",
        autocompletion=arguments.completion("pinned_programs"),
        show_default=False,
    ),
    pin: str = arguments.PIN,
    mode: ModeChoice = arguments.MODE,
) -> None:
    request = attach.Request(
        device=dev,
        program=program,
        pin=session.pin_directory(pin),
        mode=mode,
        netns=session.netns(),
        dry_run=session.dry_run(),
    )
    prepared = attach.prepare(request)
    if session.dry_run():
        session.say_plan(prepared.operation.plan)
        if prepared.program == "PROGRAM":
            session.note("without root the pins can't be seen: PROGRAM stands for the program's name")
        return
    done = attach.run(prepared)
    session.say_attached(done.program, done.device, done.mode, done.fell_back)
