"""Check what this machine has and lacks.

Each line is good, bad (something needed is missing, and how to mend that) or a note. Works without
root, which is itself one of the things needed. Ends with status 3 where something is bad.

\b
Examples:
  xdpctl doctor
  xdpctl doctor | grep ^bad
"""

import typer

from xdpctl.cli import arguments, session, terminal
from xdpctl.core.doctor.finding import State
from xdpctl.errors import HostLacks
from xdpctl.ops import doctor
from xdpctl.views import doctor as view


def command(json: bool = arguments.JSON) -> None:
    findings = doctor.diagnose()
    if json:
        session.say(view.as_json(findings))
    elif terminal.is_there():
        session.draw(view.as_text(findings, terminal.size().columns, terminal.palette()) + "\n")
    else:
        session.say_lines(view.as_lines(findings))
    bad = [finding.name for finding in findings if finding.state is State.BAD]
    if bad:
        session.note(f"xdpctl: something needed is missing: {', '.join(bad)}")
        raise typer.Exit(HostLacks.exit_code)
