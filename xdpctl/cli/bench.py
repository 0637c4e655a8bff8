"""Measure what counting costs per packet on this machine.

SOURCE is a spec (counter.toml), a C file or an object; without one, a family of counters is
measured. Each is run on one CPU and on all at once, beside a program that only returns. Nothing is
attached to a device, and nothing is left.

\b
Examples:
  xdpctl bench
  xdpctl bench counter.toml my_program.c
  xdpctl bench --race
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, session, terminal
from xdpctl.errors import Usage
from xdpctl.ops import bench
from xdpctl.views import bench as view


def command(
    sources: list[Path] | None = typer.Argument(
        None,
        metavar="SOURCE...",
        help="Specs (.toml), C files (.c) or objects (.o).",
        autocompletion=arguments.completion("programs_to_measure"),
        show_default=False,
    ),
    race: bool = typer.Option(
        False, "--race", help="Show what additions lose or cost when all CPUs count into one map."
    ),
    rounds: int = typer.Option(9, metavar="N", min=3, help="How often each is measured."),
    repeat: int | None = typer.Option(
        None,
        metavar="N",
        min=100_000,
        max=1_000_000_000,
        help="Packets of each run.  [default: two million, or 0.25 s]",
    ),
    chosen: str = arguments.PROGRAM,
    json: bool = arguments.JSON,
    verbose: bool = typer.Option(False, "--verbose", help="On failure, print the tool's whole log."),
) -> None:
    if verbose:
        session.show_log_with_errors()
    if race and sources:
        raise Usage("--race has programs of its own", f"leave out {sources[0]}, or --race")
    if chosen and not sources:
        raise Usage("--program is one of a file, but there is no file", "name it: xdpctl bench FILE.o")
    prepared = bench.prepare(sources or [], race, rounds, repeat, chosen)
    if session.dry_run():
        session.say_plan(prepared.plan)
        return
    report = bench.run(prepared, session.note_lines)
    if json:
        session.say(view.as_json(report))
        return
    text = view.as_text(report, race, terminal.width(), terminal.palette(), terminal.shows_blocks())
    session.draw(text + "\n")
