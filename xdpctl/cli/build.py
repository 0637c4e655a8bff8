"""Generate and compile a counter, or compile a C file.

SOURCE is a spec (counter.toml), a C file, or nothing: then the options describe the counter, and
what they leave open is as in the first lesson: a hash map pkt_cnt with one count of all packets.
With a spec or a preset, options take the place of its entries. Rules, policies and redirection stand
in specs only: `xdpctl new` writes one that explains them.

\b
Examples:
  xdpctl build
  xdpctl build --type percpu_array --key verdict --field packets --field bytes
  xdpctl build --type percpu_hash --key ip_proto --key dst_port
  xdpctl build counter.toml --verdict drop
  xdpctl build --preset top-talkers --show
  xdpctl build old_lesson.c --convert
  xdpctl build my_program.c -I ../common -D LIMIT=100
"""

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.machine import paths
from xdpctl.core.machine.shell import command_line
from xdpctl.core.machine.tool_errors import screenful
from xdpctl.core.spec.words import Field, Flag, MapType, Verdict
from xdpctl.core.values.keys import Key
from xdpctl.ops import build


def _choice(words: type[StrEnum], what: str, default: str, *names: str) -> Any:
    """An option for one of a few words; `read_spec` checks them, and suggests."""
    return typer.Option(
        None,
        *names,
        metavar=words.__name__.upper(),
        help=f"{what}: {', '.join(words)}.  [default: {default}]",
        autocompletion=lambda: list(words),
    )


def command(
    source: Path | None = typer.Argument(
        None,
        metavar="SOURCE",
        help="A spec (.toml, or - for stdin) or a C file (.c).",
        autocompletion=arguments.completion("sources"),
        show_default=False,
    ),
    preset: str | None = typer.Option(
        None,
        metavar="PRESET",
        help="A spec that comes with xdpctl: see `xdpctl new --list`.",
        autocompletion=arguments.completion("presets"),
        show_default=False,
    ),
    show: bool = typer.Option(False, "--show", help="Print the C; compile and write nothing."),
    convert: bool = typer.Option(
        False, "--convert", help="Write C with maps of old lessons or of iproute2 anew, in today's form."
    ),
    out: Path = typer.Option(Path(paths.BUILD_DIRECTORY), "--out", metavar="DIR", help="Where to write."),
    program: str | None = typer.Option(
        None,
        metavar="NAME",
        help="Name of the program.  [default: xdp_allow]",
        autocompletion=arguments.completion("programs"),
    ),
    map_name: str | None = typer.Option(
        None, "--map", metavar="NAME", help="Name of the map.  [default: pkt_cnt]"
    ),
    map_type: str | None = _choice(MapType, "Map type", "hash", "--type"),
    key: list[str] = _choice(Key, "What is counted apart; repeat it for a key of several parts", "total"),
    field: list[str] = _choice(Field, "What a value holds, can be repeated", "packets"),
    max_entries: int | None = typer.Option(
        None, metavar="N", help="Size of the map.  [default: as many as the key needs, or 1024]"
    ),
    flag: list[str] = _choice(Flag, "Map flag, can be repeated", "none"),
    verdict: str | None = _choice(Verdict, "What happens to the packets", "pass"),
    printk: str | None = typer.Option(
        None, metavar="TEXT", help="A message for the kernel's trace log with every packet."
    ),
    printk_per_second: int | None = typer.Option(
        None, metavar="N", help="At most so many messages.  [default: no limit]"
    ),
    include: list[Path] = typer.Option(
        None, "-I", "--include", metavar="DIR", help="Look for headers there too, can be repeated."
    ),
    define: list[str] = typer.Option(
        None, "-D", "--define", metavar="NAME[=VALUE]", help="Define a macro, can be repeated."
    ),
    verbose: bool = typer.Option(False, "--verbose", help="Print all that clang says."),
    frags: bool = typer.Option(
        False, "--frags", help="Take packets of several buffers too (Linux 5.18 and newer)."
    ),
) -> None:
    if verbose:
        session.show_log_with_errors()
    options: dict[str, Any] = {
        "--program": program,
        "--map": map_name,
        "--type": map_type,
        "--key": key,
        "--field": field,
        "--max-entries": max_entries,
        "--flag": flag,
        "--verdict": verdict,
        "--printk": printk,
        "--printk-per-second": printk_per_second,
        "--frags": frags or None,
        build.INCLUDE: [str(directory) for directory in include or []],
        build.DEFINE: define,
    }
    given = {option: value for option, value in options.items() if value not in (None, [])}
    if show and not convert:
        session.draw(build.show(source, preset, given))
        return
    prepared = build.prepare(source, preset, out, given, conversion=convert)
    if show:
        session.draw_bytes_of(prepared.files[prepared.source.name])
        return
    if session.dry_run():
        _tell_plan(prepared)
        return
    built = build.run(prepared)
    for note in built.notes:
        session.note_lines(note)
    session.note_lines(built.warnings if session.verbose else screenful(built.warnings))
    for path in built.written:
        session.say(f"wrote {path}")


def _tell_plan(prepared: build.Prepared) -> None:
    if not prepared.target.parent.exists():
        session.say(command_line(("mkdir", "-p", str(prepared.target.parent))))
    if prepared.files:
        for path in (prepared.source, *prepared.headers):
            session.say(f"# write {path}")
    session.say(command_line(prepared.command, prepared.cwd))
