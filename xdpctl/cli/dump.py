"""Show what a map holds.

MAP is a name (looked for in the pin directory, then in all of bpffs, then among all maps), a path
in bpffs, or id:NUMBER. Values of several CPUs are summed. Where a program counts what found no place
in its map, or what its map had to forget, that is shown below.

\b
Examples:
  xdpctl dump pkt_cnt
  xdpctl dump pkt_cnt --per-cpu --csv
  xdpctl dump id:25 --json
"""

import os

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.artifacts import PIN_DIRECTORY
from xdpctl.core.rows import NotZero
from xdpctl.errors import BadRequest
from xdpctl.ops import dump
from xdpctl.views import dump as view


def command(
    name: str = typer.Argument(
        ...,
        metavar="MAP",
        help="Map to read.",
        autocompletion=arguments.completion("maps"),
        show_default=False,
    ),
    pin: str = arguments.PIN,
    json: bool = arguments.JSON,
    csv: bool = typer.Option(False, "--csv", help="Print comma-separated values."),
    per_cpu: bool = typer.Option(False, "--per-cpu", help="Show the value of each CPU."),
    raw: bool = typer.Option(False, "--raw", help="Show numbers and hexadecimal, not names and addresses."),
) -> None:
    if json and csv:
        raise BadRequest("--json and --csv exclude each other", "give one of them")
    directories = (session.pin_directory(pin), PIN_DIRECTORY)
    found = dump.dump(name, directories, raw, per_cpu, None)
    if per_cpu and not found.map.per_cpu:
        raise BadRequest(
            f"--per-cpu: {found.map.name} is a {found.map.type} map, which has one value for all CPUs"
        )
    if "/" not in name and not name.startswith("id:") and os.path.dirname(found.pin or "") not in directories:
        session.note(f"{name} isn't in {directories[0]}: reading {found.pin or f'id:{found.map.id}'}")
    if found.part_of:
        session.note(f"{found.map.name} holds flows over IPv6 alone: {found.part_of} shows all of them")
    if found.empty:
        session.note(f"{found.map.name} is empty")
    elif not found.typed:
        session.note(f"{found.map.name} has no BTF: its bytes are shown as they are")
    per_cpu = per_cpu or (found.map.per_cpu and not found.typed)  # bytes can't be merged
    if json:
        session.stream([view.json_start(found.map, found.pin)])
        session.stream(view.json_entries(found.entries))
        session.stream([view.json_end(found.accounts())])
        return
    zeros = NotZero()
    entries = zeros.among(found.entries) if view.hides_zeros(found.map) else found.entries
    if csv:
        session.stream(view.csv_rows(entries, per_cpu))
        session.note(view.as_lines(found.accounts()))
    else:
        session.stream(view.table_lines(entries, per_cpu))
        lines = view.as_lines(found.accounts())
        session.say(lines and f"\n{lines}")
    if zeros.hidden:
        nothing = "zero" if "array" in str(found.map.type) else "empty"
        session.note(f"{zeros.hidden} elements of {found.map.name} are {nothing}: --json shows them too")
