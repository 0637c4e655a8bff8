"""Load an object, pin program and maps, attach if asked.

All or nothing: if a step fails, what was there before is there after. Of several XDP programs
--program names one, which is loaded alone. A map that is pinned by its own definition
(LIBBPF_PIN_BY_NAME) is used if it is in the directory already.

\b
Examples:
  xdpctl load
  xdpctl load bpf/xdp_allow.bpf.o --pin /sys/fs/bpf/ebpf --dev eth1
  xdpctl load two.o --program xdp_pass
  xdpctl load two.o --all --use pkt_cnt=/sys/fs/bpf/other/pkt_cnt
  xdpctl --dry-run load --dev eth1
"""

from pathlib import Path

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.machine.model import ModeChoice
from xdpctl.core.wording import join, listed
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
    program: str = arguments.PROGRAM,
    all_programs: bool = typer.Option(
        False, "--all", help="Load all XDP programs, which share their maps; --program is the one to attach."
    ),
    use: list[str] = typer.Option(
        None,
        "--use",
        metavar="MAP=PIN",
        help="A map that is there already takes the place of one of the object's, can be repeated.",
    ),
    verbose: bool = typer.Option(False, "--verbose", help="On failure, print the tool's whole log."),
) -> None:
    if verbose:
        session.show_log_with_errors()
    if mode is not None and dev is None:
        raise Usage("--mode says how to attach, but there is no --dev", "name the device: --dev DEV")
    if all_programs and program and dev is None:
        raise Usage("--all loads all programs, and --program one", "leave one out")
    request = load.Request(
        path=path,
        pin=session.pin_directory(pin),
        device=dev,
        mode=mode or ModeChoice.AUTO,
        netns=session.netns(),
        dry_run=session.dry_run(),
        program=program,
        all=all_programs,
        use=tuple(map(_use, use or [])),
    )
    prepared = load.prepare(request)
    if request.dry_run:
        session.say_plan(prepared.operation.plan)
        return
    for line in prepared.notes:
        session.note(line)
    loaded = load.run(prepared)
    names = listed(sorted((*loaded.programs, *loaded.maps)), between=" ")
    session.say(f"loaded {join(loaded.programs)}, pinned in {loaded.pin}: {names}")
    if loaded.device is not None:
        session.say_attached(loaded.attached, loaded.device, loaded.mode, loaded.fell_back)


def _use(words: str) -> tuple[str, str]:
    name, is_given, pin = words.partition("=")
    if not (name and is_given and pin):
        raise Usage(
            f"--use {words}: that is no map of the object and the pin of another",
            "write --use MAP=PIN, as in --use pkt_cnt=/sys/fs/bpf/other/pkt_cnt",
        )
    return name, pin
