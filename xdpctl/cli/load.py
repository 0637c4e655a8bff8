"""Load an object, pin program and maps, attach if asked.

All or nothing: if a step fails, what was there before is there after. Of several XDP programs
--program names one, which is loaded alone. A map that is pinned by its own definition
(LIBBPF_PIN_BY_NAME) is used if it is in the directory already.

With --replace it takes the place of what the pin directory holds, on every device on which that runs:
one or the other runs there at every moment, and maps whose definition is unchanged go on.

\b
Examples:
  xdpctl load
  xdpctl load bpf/xdp_allow.bpf.o --pin /sys/fs/bpf/ebpf --dev eth1
  xdpctl load two.o --program xdp_pass
  xdpctl load two.o --all --use pkt_cnt=/sys/fs/bpf/other/pkt_cnt
  xdpctl load bpf/xdp_allow.bpf.o --replace
  xdpctl --dry-run load --dev eth1
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from xdpctl.cli import arguments, session
from xdpctl.core.machine.model import ModeChoice
from xdpctl.core.wording import join, listed
from xdpctl.errors import Usage
from xdpctl.ops import load

if TYPE_CHECKING:
    from xdpctl.ops.replace import Prepared


def command(
    path: Path | None = typer.Argument(
        None,
        metavar="OBJECT",
        help="Compiled object.  [default: the one in bpf/]",
        autocompletion=arguments.completion("objects"),
        show_default=False,
    ),
    pin: str = arguments.PIN,
    dev: list[str] = typer.Option(
        None,
        metavar="DEV",
        help="Attach to this device too; with --replace, all on which the old one runs, can be repeated.",
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
    replace: bool = typer.Option(
        False, "--replace", help="Take the place of what is loaded there, without losing a packet."
    ),
    reset: bool = typer.Option(
        False, "--reset", help="With --replace, begin anew with maps whose definition has changed."
    ),
    verbose: bool = typer.Option(False, "--verbose", help="On failure, print the tool's whole log."),
) -> None:
    if verbose:
        session.show_log_with_errors()
    words = _Words(
        path=path,
        pin=session.pin_directory(pin),
        devices=tuple(dict.fromkeys(dev or [])),
        mode=mode,
        program=program,
        all=all_programs,
        use=tuple(map(_use, use or [])),
        reset=reset,
    )
    if replace:
        _replace(words)
    else:
        _load(words)


class _Words(NamedTuple):
    path: Path | None
    pin: str
    devices: tuple[str, ...]
    mode: ModeChoice | None
    program: str
    all: bool
    use: tuple[tuple[str, str], ...]
    reset: bool


def _load(words: _Words) -> None:
    if words.reset:
        raise Usage("--reset is for what is replaced", "say so: --replace --reset")
    if len(words.devices) > 1:
        raise Usage("load attaches to one device", "attach to the others afterwards: xdpctl attach DEV")
    if words.mode is not None and not words.devices:
        raise Usage("--mode says how to attach, but there is no --dev", "name the device: --dev DEV")
    if words.all and words.program and not words.devices:
        raise Usage("--all loads all programs, and --program one", "leave one out")
    request = load.Request(
        path=words.path,
        pin=words.pin,
        device=words.devices[0] if words.devices else None,
        mode=words.mode or ModeChoice.AUTO,
        netns=session.netns(),
        dry_run=session.dry_run(),
        program=words.program,
        all=words.all,
        use=words.use,
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


def _replace(words: _Words) -> None:
    from xdpctl.ops import replace

    prepared = replace.prepare(
        replace.Request(**words._asdict(), netns=session.netns(), dry_run=session.dry_run())
    )
    if session.dry_run():
        session.say_plan(prepared.operation.plan)
        return
    replace.run(prepared)
    session.say("; ".join(_told(prepared)))


def _told(prepared: "Prepared") -> Iterator[str]:
    """What came in whose place, and what went on."""
    new = prepared.replacement.loading.chosen.programs
    on = f" on {join(prepared.places)}," if prepared.places else ""
    yield f"replaced {join(prepared.old)} by {join(new)}{on} in {prepared.request.pin}"
    for what, names in (
        ("kept", prepared.carried.kept),
        ("anew", prepared.carried.anew),
        ("gone", prepared.gone),
    ):
        if names:
            yield f"{what}: {listed(names)}"


def _use(words: str) -> tuple[str, str]:
    name, is_given, pin = words.partition("=")
    if not (name and is_given and pin):
        raise Usage(
            f"--use {words}: that is no map of the object and the pin of another",
            "write --use MAP=PIN, as in --use pkt_cnt=/sys/fs/bpf/other/pkt_cnt",
        )
    return name, pin
