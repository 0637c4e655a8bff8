"""Delete an element, or many.

Of a file, the keys alone count.

\b
Examples:
  xdpctl map delete blocked 10.0.0.0/8
  xdpctl map delete flows src_ip=10.0.0.1 dst_port=80
  xdpctl dump flows --where 'packets < 10' --csv > idle.csv
  xdpctl map delete flows --batch idle.csv
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.wording import element_count
from xdpctl.errors import Usage
from xdpctl.ops.map import from_file, write
from xdpctl.views import map as view


def command(
    name: str = arguments.MAP,
    key: list[str] = typer.Argument(None, metavar="KEY...", help="In words.", show_default=False),
    batch: Path | None = arguments.BATCH,
    pin: str = arguments.PIN,
    as_: str = arguments.AS,
) -> None:
    directory = session.pin_directory(pin)
    if batch is not None:
        if key:
            raise Usage("--batch tells of keys", f"leave out {' '.join(key)}")
        with session.checking():
            many = from_file.prepare_delete(name, directory, batch, as_)
        if (count := session.written(many)) is not None:
            session.say(f"{element_count(count)} of {many.change.map.name} deleted")
        return
    if not key:
        raise Usage("KEY is missing", f"xdpctl map delete {name} KEY, or --batch FILE")
    prepared = write.prepare_delete(name, directory, tuple(key), as_)
    if session.written(prepared.writing) is not None:
        session.say_lines(view.was_deleted(prepared.map.name, prepared.key, prepared.before))
