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
    found = dump.dump(name, directories, raw)
    if per_cpu and not found.map.per_cpu:
        raise BadRequest(
            f"--per-cpu: {found.map.name} is a {found.map.type} map, which has one value for all CPUs"
        )
    if "/" not in name and not name.startswith("id:") and os.path.dirname(found.pin or "") not in directories:
        session.note(f"{name} isn't in {directories[0]}: reading {found.pin or f'id:{found.map.id}'}")
    if found.part_of:
        session.note(f"{found.map.name} holds flows over IPv6 alone: {found.part_of} shows all of them")
    if not found.entries:
        session.note(f"{found.map.name} is empty")
    elif not found.typed:
        session.note(f"{found.map.name} has no BTF: its bytes are shown as they are")
    per_cpu = per_cpu or (found.map.per_cpu and not found.typed)  # bytes can't be summed
    if json:
        session.say(view.as_json(found.map, found.pin, found.entries, per_cpu, found.accounts))
        return
    shown = view.worth_showing(found.map, found.entries)
    if csv:
        session.say(view.as_csv(shown, per_cpu))
        session.note(view.as_lines(found.accounts))
    else:
        session.say("\n\n".join(filter(None, [view.as_table(shown, per_cpu), view.as_lines(found.accounts)])))
    if len(shown) < len(found.entries):
        zeros = len(found.entries) - len(shown)
        nothing = "zero" if "array" in str(found.map.type) else "empty"
        session.note(f"{zeros} elements of {found.map.name} are {nothing}: --json shows them too")
