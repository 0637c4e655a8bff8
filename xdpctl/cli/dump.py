"""Show what a map holds.

MAP is a name, a path in bpffs, or id:NUMBER. A name is looked for in the pin directory, then in the
default ones ($XDPCTL_PIN, /sys/fs/bpf/ebpf), then in all of bpffs, then among all maps; if it isn't in
the first, stderr says where it is.
Values of several CPUs are summed. Where a program counts what found no place
in its map, or what its map had to forget, that is shown below; on stderr, where elements are CSV or lines.

\b
Examples:
  xdpctl dump pkt_cnt
  xdpctl dump pkt_cnt --sort bytes --top 10 --totals
  xdpctl dump flows --where 'dst_port in 1-1023 and packets > 1k' --csv
  xdpctl dump slots --where 'slot[1].packets > 3' --sort 'slot[0].packets'
  xdpctl dump pkt_cnt actions --prometheus > counters.prom
  xdpctl dump id:25 --json
"""

from collections.abc import Iterable
from pathlib import Path

import typer

from xdpctl.cli import arguments, session, terminal
from xdpctl.core.machine.model import Via
from xdpctl.core.machine.reach import Reach
from xdpctl.core.query.rows import Batches
from xdpctl.errors import Usage
from xdpctl.ops import dump
from xdpctl.views import dump as view


def command(
    names: list[str] = typer.Argument(
        ...,
        metavar="MAP...",
        help="Map to read; several with --prometheus.",
        autocompletion=arguments.completion("maps", "pin"),
        show_default=False,
    ),
    pin: str = arguments.PIN,
    json: bool = arguments.JSON,
    jsonl: bool = typer.Option(False, "--jsonl", help="Print JSON, a line for each element."),
    csv: bool = typer.Option(False, "--csv", help="Print comma-separated values."),
    prometheus: bool = typer.Option(False, "--prometheus", help="Print the text format of Prometheus."),
    sort: str = typer.Option(
        "",
        "--sort",
        metavar="COLUMN",
        help="Largest numbers first, or by the alphabet.",
        autocompletion=arguments.COLUMNS,
    ),
    top: int | None = typer.Option(
        None, "--top", metavar="N", min=1, help="The first N of them; by the first field, if not sorted."
    ),
    where: str = arguments.WHERE,
    totals: bool = typer.Option(False, "--totals", help="Add up what can be added up."),
    per_cpu: bool = typer.Option(False, "--per-cpu", help="Show the value of each CPU."),
    raw: bool = typer.Option(False, "--raw", help="Show numbers and hexadecimal, not names and addresses."),
    as_: str = arguments.AS,
    save: Path | None = typer.Option(
        None,
        "--save",
        metavar="FILE",
        help="Write all of it to a file, or to stdout (-), for `xdpctl map restore`.",
    ),
    via: Via | None = arguments.VIA,
) -> None:
    formats = {"--json": json, "--jsonl": jsonl, "--csv": csv, "--prometheus": prometheus}
    chosen = [option for option, given in formats.items() if given]
    if len(chosen) > 1:
        raise Usage(f"{' and '.join(chosen)} exclude each other", "give one of them")
    if totals and (jsonl or prometheus):
        raise Usage(f"{chosen[0]} has no totals", "leave one of them out")
    if len(names) > 1 and not prometheus:
        raise Usage("several maps are for --prometheus alone", "give it, or dump one after the other")
    name, reach = names[0], session.reach(pin)
    if save is not None:
        if chosen or sort or top or where or totals or per_cpu or raw or as_:
            raise Usage("--save writes all of a map, as it is", "leave the rest out")
        _save(name, reach, save, via)
        return
    request = dump.Request(
        name=name,
        reach=reach,
        via=via,
        raw=raw,
        as_=as_,
        per_cpu=per_cpu,
        where=where,
        sort=sort,
        top=top,
        totals=totals,
        zeros=json or jsonl,
        netns=None if chosen or raw else session.netns(),
    )
    if prometheus:
        _print_for_prometheus(dump.each(request, names))
        return
    found = dump.dump(request)
    _tell(found.notes)
    _print(found, chosen)
    _tell((*found.padding_set(), *found.zeros_hidden()))


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        session.note(note)


def _save(name: str, reach: Reach, path: Path, via: Via | None) -> None:
    from xdpctl.core.wording import element_count
    from xdpctl.ops import save

    if session.dry_run():
        session.say(f"# write {path}")
        return
    saved = save.save(name, reach, path, via)
    if str(path) == "-":
        session.note(f"saved {element_count(saved.count)} of {saved.map.name}")
    else:
        session.say(f"saved {element_count(saved.count)} of {saved.map.name} in {path}")
    if saved.ipv6_map:
        session.note(f"flows over IPv6 are in {saved.ipv6_map}: save it too")


def _print(found: dump.Dump, chosen: list[str]) -> None:
    entries, totals = _entries(found), found.selection.totals
    match chosen:
        case ["--json"]:
            session.stream([view.json_start(found.map, found.pin)])
            session.stream(view.json_entries(entries))
            session.stream([view.json_end(found.accounts(), totals)])
        case ["--jsonl"]:
            session.stream(view.json_lines(entries))
            session.note_lines(view.as_lines(found.accounts()))
        case ["--csv"]:
            session.stream(view.csv_rows(entries, found.per_cpu, _known(found), found.padding))
            beside = {**found.accounts(), **({"totals": totals} if totals else {})}
            session.note_lines(view.as_lines(beside))
        case _:
            shown = view.table_lines(
                entries,
                found.per_cpu,
                totals=totals,
                known=_known(found),
                width=terminal.width_to_fit(),
                padding=found.padding,
            )
            session.stream(shown)
            lines = view.as_lines(found.accounts())
            session.say_lines(lines and f"\n{lines}")


def _entries(found: dump.Dump) -> Batches:
    """Behind the last one it is known whether any matched, and told ahead of a table without rows."""
    yield from found.entries
    _tell(found.nothing_matched())


def _known(found: dump.Dump) -> Iterable[str]:
    """The columns where no entry tells them; those of CPUs stand among the others."""
    return view.NOTHING_KNOWN if found.per_cpu else found.columns


def _print_for_prometheus(maps: Iterable[tuple[str, dump.Dump]]) -> None:
    from xdpctl.views.prometheus import Families, exposition

    told = []
    notes: list[str] = []
    for label, found in maps:
        _tell(found.notes)
        families = Families(label, found.counters, found.named)
        families.add(_entries(found), found.per_cpu)
        told.append((families, found.accounts()))
        for field in families.no_numbers:
            notes.append(f"{field} is left out: Prometheus takes nothing but numbers")
        notes += (*found.padding_set(), *found.zeros_hidden())
    session.stream(exposition(told))
    _tell(notes)
