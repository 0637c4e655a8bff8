"""Load an object, pin program and maps, attach if asked.

All or nothing: if a step fails, what was there before is there after.

\b
Examples:
  xdpctl load
  xdpctl load bpf/xdp_allow.bpf.o --pin /sys/fs/bpf/ebpf --dev eth1
  xdpctl --dry-run load --dev eth1
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.machine.model import ModeChoice
from xdpctl.errors import Usage
from xdpctl.ops import load


def command(
    path: Path | None = typer.Argument(
        None,
        metavar="OBJECT",
        help="Compiled object.  [default: the one in bpf/]",
        autocompletion=arguments.completion("objects"),
        show_default=False,
    ),
    pin: str = arguments.PIN,
    dev: str = typer.Option(
        None,
        metavar="DEV",
        help="Attach to this device too.",
        autocompletion=arguments.completion("devices", "netns"),
    ),
    mode: ModeChoice | None = typer.Option(None, "--mode", help="As in `xdpctl attach`.  [default: auto]"),
    verbose: bool = typer.Option(False, "--verbose", help="On failure, print the tool's whole log."),
) -> None:
    if verbose:
        session.show_log_with_errors()
    if mode is not None and dev is None:
        raise Usage("--mode says how to attach, but there is no --dev", "name the device: --dev DEV")
    request = load.Request(
        path=path,
        pin=session.pin_directory(pin),
        device=dev,
        mode=mode or ModeChoice.AUTO,
        netns=session.netns(),
        dry_run=session.dry_run(),
    )
    prepared = load.prepare(request)
    if request.dry_run:
        session.say_plan(prepared.operation.plan)
        return
    loaded = load.run(prepared)
    names = " ".join(sorted((loaded.program, *loaded.maps)))
    session.say(f"loaded {loaded.program}, pinned in {loaded.pin}: {names}")
    if loaded.device is not None:
        session.say_attached(loaded.program, loaded.device, loaded.mode, loaded.fell_back)
