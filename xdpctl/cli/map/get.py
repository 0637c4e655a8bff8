"""Show one element.

Of prefixes (a map of type lpm_trie), the longest that KEY lies in.

\b
Examples:
  xdpctl map get pkt_cnt 0
  xdpctl map get blocked 10.1.2.3 --json
"""

import typer

from xdpctl.cli import arguments, session, terminal
from xdpctl.ops.map import read
from xdpctl.views import dump as view


def command(
    name: str = arguments.MAP,
    key: list[str] = arguments.KEY,
    pin: str = arguments.PIN,
    json: bool = arguments.JSON,
    per_cpu: bool = typer.Option(False, "--per-cpu", help="Show the value of each CPU."),
    raw: bool = typer.Option(False, "--raw", help="Show numbers and hexadecimal, not names and addresses."),
    as_: str = arguments.AS,
) -> None:
    got = read.get(
        name, session.reach(pin), tuple(key), as_, raw, per_cpu, None if json or raw else session.netns()
    )
    batches = [[got.entry]]
    if json:
        session.stream([view.json_start(got.map, got.pin), *view.json_entries(batches), view.json_end({})])
        return
    session.stream(view.table_lines(batches, got.per_cpu, width=terminal.width_to_fit()))
    if got.asked:
        session.note(f"{got.asked} lies in this prefix")
    if not got.typed:
        session.note(f"{got.map.name} has no BTF: its bytes are shown as they are")
