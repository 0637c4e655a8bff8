"""Write a commented spec to start from.

Example: xdpctl new; edit counter.toml; xdpctl build counter.toml
"""

from pathlib import Path

import typer

from xdpctl.cli import session
from xdpctl.ops import new


def command(
    file: Path = typer.Argument(Path("counter.toml"), metavar="FILE", help="Where to write it."),
) -> None:
    if session.dry_run():
        session.say(f"# write {file}")
        return
    new.new(file)
    session.say(f"wrote {file}")
