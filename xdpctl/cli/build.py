"""Generate and compile a counter, or compile a C file.

SOURCE is a spec (counter.toml), a C file, or nothing: then the options describe the counter, and
what they leave open is as in the first lesson: a hash map pkt_cnt with one count of all packets.
With a spec, options take the place of its entries.

\b
Examples:
  xdpctl build
  xdpctl build --type percpu_array --key verdict --field packets --field bytes
  xdpctl build counter.toml --verdict drop
  xdpctl build my_program.c
"""

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.spec import Field, Flag, Key, MapType, Verdict
from xdpctl.core.spec_source import read_spec
from xdpctl.errors import BadRequest
from xdpctl.ops import build
from xdpctl.tools import clang, objects, proc


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
        None, help="A spec (.toml) or a C file (.c).", autocompletion=arguments.sources, show_default=False
    ),
    out: Path = typer.Option(objects.BUILD_DIRECTORY, "--out", metavar="DIR", help="Where to write."),
    program: str = typer.Option(
        None,
        metavar="NAME",
        help="Name of the program.  [default: xdp_allow]",
        autocompletion=arguments.programs,
    ),
    map_name: str = typer.Option(None, "--map", metavar="NAME", help="Name of the map.  [default: pkt_cnt]"),
    map_type: str = _choice(MapType, "Map type", "hash", "--type"),
    key: str = _choice(Key, "What is counted apart", "total"),
    field: list[str] = _choice(Field, "What a value holds, can be repeated", "packets"),
    max_entries: int = typer.Option(
        None, metavar="N", help="Size of the map.  [default: as many as the key needs]"
    ),
    flag: list[str] = _choice(Flag, "Map flag, can be repeated", "none"),
    verdict: str = _choice(Verdict, "What happens to the packets", "pass"),
    printk: str = typer.Option(
        None, metavar="TEXT", help="A message for the kernel's trace log with every packet."
    ),
) -> None:
    options = {
        "--program": program,
        "--map": map_name,
        "--type": map_type,
        "--key": key,
        "--field": field,
        "--max-entries": max_entries,
        "--flag": flag,
        "--verdict": verdict,
        "--printk": printk,
    }
    given = {option: value for option, value in options.items() if value not in (None, [], ())}
    if source is not None and source.suffix == ".c":
        built = _compile(source, out, given)
    else:
        built = _generate(source, out, given)
    if built is not None:
        if built.notes:
            session.note(built.notes.rstrip())
        for path in built.written:
            session.say(f"wrote {path}")


def _compile(source: Path, out: Path, given: dict[str, Any]) -> build.Built | None:
    if given:
        raise BadRequest(
            f"{next(iter(given))} describes a generated program, but {source} is compiled as it is",
            "leave the option out, or change the C",
        )
    if session.dry_run():
        target = out / f"{source.name.removesuffix('.c').removesuffix('.bpf')}.bpf.o"
        session.say(proc.command_line(clang.compile_command(str(source), str(target))))
        return None
    return build.build_c(source, out)


def _generate(source: Path | None, out: Path, given: dict[str, Any]) -> build.Built | None:
    if source is None:
        spec = read_spec("", "", given)
    elif source.suffix == ".toml":
        spec = read_spec(_text(source), str(source), given)
    else:
        raise BadRequest(f"{source} is neither a spec (.toml) nor a C file (.c)")
    if session.dry_run():
        written, compiled = build.paths(out, spec.program)
        session.say(f"# write {written}")
        session.say(proc.command_line(clang.compile_command(written.name, compiled.name), out))
        return None
    return build.build_spec(spec, out)


def _text(source: Path) -> str:
    try:
        return source.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadRequest(f"{source} can't be read: {reason}", "write one: xdpctl new") from error
