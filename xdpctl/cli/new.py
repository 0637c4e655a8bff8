"""Write a commented spec to start from.

\b
Examples:
  xdpctl new; edit counter.toml; xdpctl build counter.toml
  xdpctl new --list
  xdpctl new --from top-talkers talkers.toml
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, session, terminal
from xdpctl.errors import Usage
from xdpctl.ops import new
from xdpctl.views.table import table


def command(
    file: Path | None = typer.Argument(
        None,
        metavar="FILE",
        help="Where to write it.  [default: counter.toml, or PRESET.toml]",
        show_default=False,
    ),
    preset: str | None = typer.Option(
        None,
        "--from",
        metavar="PRESET",
        help="Which spec; without it, one with every entry and its default.",
        autocompletion=arguments.completion("presets"),
        show_default=False,
    ),
    list_: bool = typer.Option(False, "--list", help="Name the presets and what each is for."),
) -> None:
    if list_:
        if file or preset is not None:
            raise Usage("--list only names the presets", "leave the rest out")
        session.say_lines(table(("preset", "what it does"), new.presets(), terminal.width()))
        return
    path = file or Path(f"{preset or 'counter'}.toml")
    spec = new.text(path, preset)
    if session.dry_run():
        session.say(f"# write {path}")
        return
    new.new(path, spec)
    session.say(f"wrote {path}")
