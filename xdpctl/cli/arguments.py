"""Arguments and options that several verbs take, and how a shell completes them."""

from collections.abc import Callable
from typing import Any

import typer

from xdpctl.core.machine.model import ModeChoice


def completion(what: str, *parameters: str) -> Callable[[typer.Context, str], list[str]]:
    """Completes with what a function of `ops.complete` finds, by what the line says of these parameters."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        from xdpctl.ops import complete

        found = getattr(complete, what)(*(_given(ctx, name) for name in parameters))
        return [word for word in found if word.startswith(incomplete) and word.isprintable()]

    return complete


def _given(ctx: typer.Context, parameter: str) -> str:
    """Before the verb, or behind it; where an option still lacks its value, arguments aren't told apart."""
    if parameter == "name":
        several = ctx.params.get("names") or ctx.args or [""]
        return str(ctx.params.get("name") or several[0])
    outer = ctx.parent.params if ctx.parent else {}
    return str(ctx.params.get(parameter) or outer.get(parameter) or "")


def programs_of(*options: str) -> Callable[[typer.Context, str], list[str]]:
    """Completes with programs of the objects that these options name, or the arguments, or those in bpf/."""

    def complete_program(ctx: typer.Context, incomplete: str) -> list[str]:
        from xdpctl.ops import complete

        given = [ctx.params.get(name) for name in ("path", "program", "sources")]
        ways = ([ctx.params.get(name) for name in options], [*given, ctx.args])
        found = complete.xdp_programs(next(filter(None, map(_objects, ways)), []))
        return [name for name in found if name.startswith(incomplete)]

    return complete_program


def _objects(given: list[Any]) -> list[str]:
    words = (str(word) for one in given for word in (one if isinstance(one, list | tuple) else [one]))
    return [word for word in words if word.endswith(".o")]


PIN = typer.Option(
    "",
    "--pin",
    metavar="DIR",
    help="Directory in bpffs for the pins.  [default: $XDPCTL_PIN or /sys/fs/bpf/ebpf]",
    show_default=False,
)
MODE = typer.Option(
    ModeChoice.AUTO,
    "--mode",
    help="Where the program runs: in the driver (native), in the stack (generic), on the card (offload); "
    "auto tries native, then generic.",
)
PROGRAM = typer.Option(
    "",
    "--program",
    metavar="NAME",
    help="Which XDP program of the object, if it has several; that one is loaded alone.",
    autocompletion=programs_of(),
    show_default=False,
)
DEVICE = typer.Argument(
    ...,
    metavar="DEV",
    help="Network device.",
    autocompletion=completion("devices", "netns"),
    show_default=False,
)
MAP = typer.Argument(
    ..., metavar="MAP", help="Which map.", autocompletion=completion("maps", "pin"), show_default=False
)
KEY = typer.Argument(..., metavar="KEY...", help="In words.", show_default=False)
BATCH = typer.Option(
    None,
    "--batch",
    metavar="FILE",
    help="Elements as `xdpctl dump --csv` or --jsonl prints them; - is standard input.",
)
AS = typer.Option(
    "",
    "--as",
    metavar="TYPES",
    help="Types of a map without BTF: 'key:u32 value:{packets:u64,bytes:u64}'.",
    show_default=False,
)
COLUMNS = completion("columns", "name", "pin")
WHERE = typer.Option(
    "",
    "--where",
    metavar="EXPR",
    help="Only elements like: 'packets > 1k and key in 10.0.0.0/8'.",
    autocompletion=COLUMNS,
)
VIA = typer.Option(
    None,
    "--via",
    help="What reads maps: bpftool, or libbpf many elements at a time (batch).  [default: the faster one]",
    show_default=False,
)
JSON = typer.Option(False, "--json", "-j", help="Print JSON.")
