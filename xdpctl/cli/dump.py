"""Show what a map holds.

MAP is a name (looked for in the pin directory, then in all of bpffs, then among all maps), a path
in bpffs, or id:NUMBER. Values of several CPUs are summed. Where a program counts what found no place
in its map, or what its map had to forget, that is shown below; on stderr, where elements are CSV or lines.

\b
Examples:
  xdpctl dump pkt_cnt
  xdpctl dump pkt_cnt --sort bytes --top 10 --totals
  xdpctl dump pkt_cnt --per-cpu --csv
  xdpctl dump pkt_cnt --prometheus > pkt_cnt.prom
  xdpctl dump id:25 --json
"""

import os

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.artifacts import PIN_DIRECTORY
from xdpctl.core.model import Via
from xdpctl.core.rows import Batches, NotZero, Order, Totals
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
    jsonl: bool = typer.Option(False, "--jsonl", help="Print JSON, a line for each element."),
    csv: bool = typer.Option(False, "--csv", help="Print comma-separated values."),
    prometheus: bool = typer.Option(False, "--prometheus", help="Print the text format of Prometheus."),
    sort: str = typer.Option(
        "", "--sort", metavar="COLUMN", help="Largest numbers first, or by the alphabet."
    ),
    top: int | None = typer.Option(
        None, "--top", metavar="N", min=1, help="The first N of them; by the first field, if not sorted."
    ),
    totals: bool = typer.Option(False, "--totals", help="Add up what can be added up."),
    per_cpu: bool = typer.Option(False, "--per-cpu", help="Show the value of each CPU."),
    raw: bool = typer.Option(False, "--raw", help="Show numbers and hexadecimal, not names and addresses."),
    via: Via | None = arguments.VIA,
) -> None:
    formats = {"--json": json, "--jsonl": jsonl, "--csv": csv, "--prometheus": prometheus}
    chosen = [option for option, given in formats.items() if given]
    if len(chosen) > 1:
        raise BadRequest(f"{' and '.join(chosen)} exclude each other", "give one of them")
    if totals and (jsonl or prometheus):
        raise BadRequest(f"{chosen[0]} has no totals", "leave one of them out")
    directories = (session.pin_directory(pin), PIN_DIRECTORY)
    found = dump.dump(name, directories, raw, per_cpu, via)
    _tell_about(found, name, directories)
    entries: Batches = found.entries
    zeros, sums = NotZero(), Totals(found.sums)
    if totals:
        entries = sums.watch(entries)
    if view.hides_zeros(found.map) and not (json or jsonl):
        entries = zeros.among(entries)
    if sort or top:
        entries = [Order(sort, top).sort(entries)]
    _print(found, entries, chosen, sums if totals else None)
    if zeros.hidden:
        nothing = "zero" if "array" in str(found.map.type) else "empty"
        session.note(f"{zeros.hidden} elements of {found.map.name} are {nothing}: --json shows them too")


def _tell_about(found: dump.Dump, name: str, directories: tuple[str, ...]) -> None:
    elsewhere = os.path.dirname(found.pin or "") not in directories
    if "/" not in name and not name.startswith("id:") and elsewhere:
        session.note(f"{name} isn't in {directories[0]}: reading {found.pin or f'id:{found.map.id}'}")
    if found.part_of:
        session.note(f"{found.map.name} holds flows over IPv6 alone: {found.part_of} shows all of them")
    if found.empty:
        session.note(f"{found.map.name} is empty")
    elif not found.typed:
        session.note(f"{found.map.name} has no BTF: its bytes are shown as they are")


def _print(found: dump.Dump, entries: Batches, chosen: list[str], totals: Totals | None) -> None:
    match chosen:
        case ["--json"]:
            session.stream([view.json_start(found.map, found.pin)])
            session.stream(view.json_entries(entries))
            session.stream([view.json_end(found.accounts(), totals.sums if totals else None)])
        case ["--prometheus"]:
            _print_for_prometheus(found, entries)
        case ["--jsonl"]:
            session.stream(view.json_lines(entries))
            session.note(view.as_lines(found.accounts()))
        case ["--csv"]:
            session.stream(view.csv_rows(entries, found.per_cpu))
            beside = {**found.accounts(), **({"totals": totals.sums} if totals else {})}
            session.note(view.as_lines(beside))
        case _:
            session.stream(view.table_lines(entries, found.per_cpu, totals))
            lines = view.as_lines(found.accounts())
            session.say(lines and f"\n{lines}")


def _print_for_prometheus(found: dump.Dump, entries: Batches) -> None:
    from xdpctl.views.prometheus import Families

    families = Families(found.map.name, found.sums)
    families.add(entries, found.per_cpu)
    session.stream(families.lines(found.accounts()))
    for field in families.no_numbers:
        session.note(f"{field} is left out: Prometheus takes nothing but numbers")
