"""Make a map, and pin it.

Keys and values are told as for --as: u8 to u64, s8 to s64, be16, be32, ipv4, ipv6, mac, verdict, char[16],
{packets:u64,bytes:u64}, or a type of xdpctl's own such as ip_proto, ip_addr, ip_prefix, flow.

\b
Examples:
  xdpctl map create seen --key ip_addr --value u64
  xdpctl map create blocked --type lpm_trie --key ip_prefix --value verdict
  xdpctl map create /sys/fs/bpf/t --type array --key u32 --value u64
"""

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.maps.kinds import FLAGS
from xdpctl.core.maps.new_map import NUMBERS
from xdpctl.ops.map import create


def command(
    path: str = typer.Argument(..., metavar="NAME|PATH", help="Where, in bpffs.", show_default=False),
    map_type: str = typer.Option(
        "hash", "--type", metavar="TYPE", help=f"{', '.join(NUMBERS)}.", autocompletion=lambda: list(NUMBERS)
    ),
    key: str = typer.Option(..., metavar="TYPE", help="What keys are.", show_default=False),
    value: str = typer.Option(..., metavar="TYPE", help="What values are.", show_default=False),
    max_entries: int = typer.Option(1024, metavar="N", min=1, max=(1 << 32) - 1, help="Size of the map."),
    flag: list[str] = typer.Option(
        [],
        metavar="FLAG",
        help="Map flag, can be repeated: no_prealloc, zero_seed, mmapable, rdonly_prog ….",
        autocompletion=lambda: list(FLAGS),
        show_default=False,
    ),
    pin: str = arguments.PIN,
) -> None:
    directory = session.pin_directory(pin)
    prepared = create.prepare(
        path, directory, map_type, key, value, max_entries, tuple(flag), session.dry_run()
    )
    if session.dry_run():
        session.say_plan(prepared.directories)
        if prepared.typed:
            session.say("# through libbpf, with types; without them, it would be:")
        session.say_plan((prepared.by_bpftool,))
        return
    create.run(prepared)
    session.say(f"made {prepared.new.name}, pinned at {prepared.path}")
    if not prepared.typed:
        session.note(f"{prepared.new.name} has no BTF, which takes libbpf: tell its types with --as")
