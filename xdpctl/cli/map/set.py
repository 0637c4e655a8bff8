"""Write an element, or many.

Members of a struct that aren't named keep their value, where the element is there; what a program counts
in between is lost. A map with a value for each CPU takes --cpu, unless all that is written is zero.

\b
Examples:
  xdpctl map set config icmp drop
  xdpctl map set pkt_cnt 0 packets=0 bytes=0
  xdpctl map set blocked 10.0.0.0/8 drop --new
  xdpctl map set flows src_ip=10.0.0.1 dst_port=80 packets=5
  xdpctl map set flows 10.0.0.1,80 packets=5
  xdpctl map set tx_port 0 veth1
  xdpctl map set slots 0 'slot[1].packets=0'
  xdpctl dump flows --csv > f.csv; xdpctl map set flows --batch f.csv
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.maps.change import EVERY_CPU, How
from xdpctl.core.values.numerals import ID_MAX, short, whole_number
from xdpctl.core.wording import element_count
from xdpctl.errors import BadRequest, Usage
from xdpctl.ops.map import from_file, write
from xdpctl.views import map as view


def command(
    name: str = arguments.MAP,
    words: list[str] = typer.Argument(None, metavar="KEY VALUE...", help="In words.", show_default=False),
    new: bool = typer.Option(False, "--new", help="Only if there is no such element yet."),
    existing: bool = typer.Option(False, "--existing", help="Only if there is such an element."),
    batch: Path | None = arguments.BATCH,
    cpu: str = typer.Option(
        "", "--cpu", metavar="N|all", help="Whose value is written, in a map that has one for each CPU."
    ),
    pin: str = arguments.PIN,
    as_: str = arguments.AS,
) -> None:
    if new and existing:
        raise Usage("--new and --existing exclude each other", "give one of them")
    how = How.NEW if new else How.EXISTING if existing else How.ANY
    directory, of_cpu = session.pin_directory(pin), _cpu(cpu)
    if batch is not None:
        if words:
            raise Usage("--batch tells of keys and values", f"leave out {' '.join(words)}")
        with session.checking():
            many = from_file.prepare_set(name, directory, batch, as_, of_cpu, how, session.netns())
        if (count := session.written(many)) is not None:
            session.say(f"{element_count(count)} of {many.change.map.name} set")
        return
    if not words:
        raise Usage("KEY and VALUE are missing", f"xdpctl map set {name} KEY VALUE, or --batch FILE")
    prepared = write.prepare_set(name, directory, tuple(words), as_, of_cpu, how, session.netns())
    if session.written(prepared.writing) is None:
        return
    cpus = len(prepared.writing.change.elements[0].values)
    session.say_lines(view.was_set(prepared.map.name, prepared.key, prepared.after, prepared.before, cpus))


def _cpu(word: str) -> int | None:
    """What --cpu says: a number, every CPU, or nothing."""
    if not word:
        return None
    if word == "all":
        return EVERY_CPU
    if (number := whole_number(word, ID_MAX)) is None:
        raise BadRequest(f"--cpu can't be {short(word)}", "give the number of a CPU, or all")
    return number
