"""Show what is loaded, pinned and attached.

Every XDP program in the kernel, with its maps, and its devices in this network namespace (or in
that of --netns): those in the pin directory first. Programs that xdpctl built are marked with *.
With a word, only what has to do with it: the name of a program or a map, id:NUMBER, a device, or
a directory in bpffs.

\b
Examples:
  xdpctl status --json
  xdpctl status veth0
  xdpctl status /sys/fs/bpf/ebpf
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.ops import status
from xdpctl.views import status as view


def command(
    wanted: str = typer.Argument(
        "",
        metavar="NAME|DEV|DIR",
        help="Which programs.  [default: all]",
        autocompletion=arguments.completion("programs_and_devices", "netns"),
        show_default=False,
    ),
    json: bool = arguments.JSON,
) -> None:
    found = status.status(session.netns(), session.pin_directory(""), wanted)
    if json:
        session.say(view.as_json(found))
    elif found:
        session.say_lines(view.as_text(found))
    elif not wanted:
        session.note("no XDP program is loaded")
    else:
        session.note(f"no XDP program {'is pinned in' if '/' in wanted else 'runs on'} {wanted}")
