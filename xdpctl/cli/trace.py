"""Show what programs print with bpf_printk, as it comes.

Each line has the time of day, the CPU and the message. They are read from a trace log that is made
for this and removed at the end: other readers lose nothing. After a few seconds without a line it
says why. Ctrl-C ends it; on a terminal q does too.

A message doesn't say which program it is from. With --program the kernel notes with each message
which functions were running, and those of that program are shown, with those of functions and
programs that it calls; that costs it about 3 microseconds a message.

\b
Examples:
  xdpctl trace
  xdpctl trace --program xdp_allow --count 10
  xdpctl trace --json > messages.jsonl
"""

import contextlib
import sys
from collections.abc import Sequence

import typer

from xdpctl.cli import arguments, session, terminal
from xdpctl.core.trace.log import TraceLine
from xdpctl.ops import trace


def command(
    program: str = typer.Option(
        "",
        metavar="NAME",
        help="Show the lines of this XDP program alone.",
        autocompletion=arguments.completion("programs"),
        show_default=False,
    ),
    count: int | None = typer.Option(None, metavar="N", min=1, help="End after so many lines."),
    json: bool = typer.Option(False, "--json", "-j", help="Print a JSON object a line."),
) -> None:
    request = trace.Request(program, count)
    if session.dry_run():
        session.say_plan(trace.planned(request))
        return
    from xdpctl.views import trace as view

    form = view.as_json if json else view.as_text

    def show(lines: Sequence[TraceLine], boot: int) -> None:
        if not session.stream([form(lines, boot), "\n"], live=True):
            raise typer.Exit  # its reader has seen enough

    keyboard = terminal.Keyboard()
    with keyboard if terminal.is_there() else contextlib.nullcontext():
        trace.run(request, show, session.note, sys.stdout.fileno(), keyboard.ends)
