"""Run packets through a program without a network.

PROGRAM is an object, or a program that is pinned or loaded: its name, a path in bpffs, or id:NUMBER.
What runs is a private copy of it, whose maps begin empty and end with it, so that nothing else is
counted in them and no count of yours is touched. For a copy of a loaded program its object has to be
in bpf/. With --live the loaded program itself runs and counts: one that
isn't in the pin directory is then named by its path or id.

Shown are the verdict for each packet, what the program changed in it and in the maps, and in the end
what changed in the maps in all; of more than 20 packets only sums, or all with --each. Nothing is
sent, whatever the verdict. To the program the packets come from the device lo. With --against a
second program runs on the same packets: shown is where verdicts, packets or counts differ.

\b
Examples:
  xdpctl run --packet icmp
  xdpctl run --packet tcp-syn --packet vlan --packet short
  xdpctl run bpf/xdp_allow.bpf.o --pcap traffic.pcap
  xdpctl run two.o --program xdp_pass --packet icmp
  xdpctl run --hex '02:00:00:00:00:01 02:00:00:00:00:02 08:06'
  xdpctl run xdp_allow --live --packet icmp --repeat 1000
  xdpctl run mine.o --against reference.o --pcap traffic.pcap
  xdpctl run bpf/xdp_drop.bpf.o --with blocked=10.0.0.1=1 --packet icmp
"""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import typer

from xdpctl.cli import arguments, packets, run_compared, run_filled, session
from xdpctl.core.packets.run_counts import Run, Tally
from xdpctl.core.packets.samples import PacketKind
from xdpctl.errors import Usage
from xdpctl.ops import run
from xdpctl.views import run as view


def command(
    program: str | None = typer.Argument(
        None,
        metavar="PROGRAM",
        help="What to run.  [default: the object in bpf/, or else what is pinned]",
        autocompletion=arguments.completion("programs_to_run"),
        show_default=False,
    ),
    kinds: list[PacketKind] = typer.Option(
        None,
        "--packet",
        metavar="KIND",
        help=f"A packet, can be repeated: {', '.join(PacketKind)}. udp6 is UDP over IPv6, vlan and qinq are "
        "pings in tags, options is UDP behind IPv4 options, fragment is a later one, short has 14 bytes.",
    ),
    frames: list[str] = packets.FRAMES,
    capture: Path | None = typer.Option(
        None,
        "--pcap",
        metavar="FILE",
        help="All packets of a capture of Ethernet: pcap or pcapng, gzip'ed or not; - is standard input.",
        autocompletion=arguments.completion("captures"),
    ),
    repeat: int = typer.Option(1, metavar="N", min=1, help="Run each packet so often."),
    live: bool = typer.Option(False, "--live", help="Run the loaded program itself, which counts."),
    each: bool = typer.Option(False, "--each", help="Show every packet, however many there are."),
    chosen: str = arguments.PROGRAM,
    against: str | None = typer.Option(
        None,
        "--against",
        metavar="PROGRAM",
        help="Run a copy of another program on the same packets, show where they differ, and end with 5 "
        "if they do.",
        autocompletion=arguments.completion("programs_to_run"),
    ),
    against_chosen: str = typer.Option(
        "",
        "--against-program",
        metavar="NAME",
        help="Which XDP program of that object, if it has several; alone, another one of the same object.",
        autocompletion=arguments.programs_of("against"),
        show_default=False,
    ),
    with_: list[str] = typer.Option(
        None,
        "--with",
        metavar="MAP=KEY=VALUE|MAP=FILE",
        help="Write this to a map of the copy first, can be repeated; a file as of `map set --batch` or "
        "`dump --save`.",
        autocompletion=arguments.completion("maps_to_fill", "pin"),
    ),
    with_live: bool = typer.Option(
        False, "--with-live", help="Begin with what the maps of the loaded program hold."
    ),
    pin: str = arguments.PIN,
    json: bool = arguments.JSON,
    verbose: bool = typer.Option(False, "--verbose", help="On failure, print the tool's whole log."),
) -> None:
    if verbose:
        session.show_log_with_errors()
    beside = {
        "--against": against,
        "--against-program": against_chosen,
        "--with": with_,
        "--with-live": with_live,
    }
    if live and (odd := [option for option, given in beside.items() if given]):
        raise Usage(
            f"{' and '.join(odd)} and --live exclude each other", "without --live a private copy runs"
        )
    request = run.Request(
        program=program,
        reach=session.reach(pin),
        live=live,
        given=packets.given(kinds or [], frames or [], capture, "run"),
        capture=capture,
        repeat=repeat,
        chosen=chosen,
        against=against,
        against_chosen=against_chosen,
        with_live=with_live,
    )
    prepared = run.prepare(request)
    if session.dry_run():
        _say_plan(prepared, with_ or [])
        return
    _tell_about(prepared)
    programs = run.begin(prepared)
    if with_ or with_live:
        run_filled.fill([*map(run.maps_of, programs)], prepared.live, with_ or [], request.reach)
    sessions = run.watch(prepared, programs, session.note)
    if prepared.against is not None:
        one, other = sessions
        run_compared.compare(prepared, run.comparison_of(one, other, session.note), each, json)
        return
    [begun] = sessions
    runs = begun.runs_with_effects() if prepared.few else begun.runs()
    (_print_json if json else _print)(prepared, begun, runs, listed=each or prepared.few)


def _say_plan(prepared: run.Prepared, with_: list[str]) -> None:
    session.say_plan(prepared.plan)
    if prepared.survey.runs > run.SHOWN:
        rest = ", the others would be run through libbpf" if prepared.through_libbpf else ""
        session.note(f"this is for {run.SHOWN} of {prepared.survey.runs} packets{rest}")
    for filled in (*(f"{map_.own_name} with what is loaded" for map_ in prepared.live), *with_):
        session.note(f"before the first packet runs, this would be written: {filled}")


def _tell_about(prepared: run.Prepared) -> None:
    target = prepared.target
    if target.object is not None and target.program is not None:
        session.note(f"running a copy of {target.name}, from {target.object}")
    for line in prepared.survey.notes("run", "running"):
        session.note(line)


def _print(prepared: run.Prepared, begun: run.Session, runs: Iterator[Run], listed: bool) -> None:
    tally = Tally()
    runs = tally.watch(runs)
    if listed:
        session.stream(view.run_lines(runs, prepared.survey.widest))
    else:
        _drain(runs)
        session.say_lines(view.verdict_table(tally.verdicts))
    changed = False
    for watched in begun.maps:
        for piece in view.map_lines(watched.map, watched.changes()):
            session.stream([piece])
            changed = True
    if begun.maps and not changed:
        session.say_lines("\nno map changed")
    _note_no_actions(tally)


def _print_json(prepared: run.Prepared, begun: run.Session, runs: Iterator[Run], listed: bool) -> None:
    """Begins when a packet has been run: if that fails, the error alone is printed."""
    tally = Tally()
    runs = tally.watch(runs)
    first = list(islice(runs, 1 if listed else None))
    session.stream([view.json_start(begun.program, prepared.target.object, listed)])
    if listed:
        session.stream(view.json_packets(chain(first, runs)))
    survey = prepared.survey
    session.stream([view.json_middle(tally.verdicts, survey.not_run, survey.cut, listed)])
    session.stream(view.json_maps((watched.map, watched.changes()) for watched in begun.maps))
    _note_no_actions(tally)


def _note_no_actions(tally: Tally) -> None:
    for told in tally.no_actions:
        session.note(told)


def _drain(runs: Iterator[Run]) -> None:
    for _ in runs:
        pass
