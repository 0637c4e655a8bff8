"""The command line: parse, one op, one view, print. Nothing else imports typer.

Each verb is a module of this package with a function `command`, imported only when it is called.
"""

import io
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer

from xdpctl import __version__
from xdpctl.cli import arguments, session, usage
from xdpctl.cli.words import CheckedCommand, CheckedGroup, asks_for_json
from xdpctl.errors import (
    BadRequest,
    FileUnusable,
    HostLacks,
    Internal,
    Interrupted,
    Usage,
    XdpctlError,
    of_system,
)

VERBS = {
    "new": "Write a commented spec to start from.",
    "build": "Generate and compile a counter, or compile a C file.",
    "load": "Load an object, pin program and maps, attach if asked.",
    "attach": "Put the pinned program on a device.",
    "detach": "Take the program off a device.",
    "unload": "Detach everywhere, remove the pins.",
    "status": "Show what is loaded, pinned and attached.",
    "dump": "Show what a map holds.",
    "map": "Look up, write and make maps, element by element.",
    "watch": "Show how fast counters count.",
    "why": "Say why a counter doesn't move.",
    "trace": "Show what programs print with bpf_printk, as it comes.",
    "run": "Run packets through a program without a network.",
    "send": "Send packets out of a device.",
    "bench": "Measure what counting costs per packet on this machine.",
    "doctor": "Check what this machine has and lacks.",
}


class Verbs(CheckedGroup):
    """Knows its verbs without importing them."""

    package = "xdpctl.cli"
    verbs = VERBS
    also: Mapping[str, str] = {}
    """Other words for verbs, which no list names, and their modules."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.verbs)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        if args[0] == "help":
            args = self._for_help(ctx, args[1:])
        if not self._knows(args[0]):
            from xdpctl.cli import map as of_map

            known = {**dict.fromkeys(of_map.VERBS), **of_map.ALSO}
            others = {"xdpctl map": known} if self.verbs is VERBS else {"xdpctl": dict.fromkeys(VERBS)}
            raise usage.no_such_verb(args, ctx.command_path, self.verbs, others)
        return super().resolve_command(ctx, args)

    def _for_help(self, ctx: Any, args: list[str]) -> list[str]:
        if not args:
            typer.echo(ctx.get_help())
            raise typer.Exit
        return [*args, "--help"]

    def _knows(self, name: str) -> bool:
        return name in self.verbs or name in self.also

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if not self._knows(cmd_name):
            return None
        module = import_module(self.also.get(cmd_name) or f"{self.package}.{cmd_name}")
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        if hasattr(module, "VERBS"):
            known = {"package": module.__name__, "verbs": module.VERBS, "also": module.ALSO}
            app.callback(cls=type("Group", (Verbs,), known), help=module.__doc__, no_args_is_help=True)(
                lambda: None
            )
        else:
            app.command(cmd_name, cls=CheckedCommand, help=module.__doc__)(module.command)
        return typer.main.get_command(app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.verbs.items()))


START = """\b
Start with:
  xdpctl doctor
  xdpctl build
  xdpctl load --dev DEVICE
  xdpctl dump pkt_cnt"""

app = typer.Typer(
    cls=Verbs,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=START,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"xdpctl {__version__}")
        raise typer.Exit


@app.callback()
def options(
    dry_run: bool = typer.Option(False, "--dry-run", help="Print what would be done, and do nothing."),
    show_commands: bool = typer.Option(
        False, "--show-commands", help="Print each external command as it is run."
    ),
    netns: str | None = typer.Option(
        None,
        metavar="NAME|PATH",
        help="Network namespace of the devices.",
        autocompletion=arguments.completion("namespaces"),
    ),
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Describe an XDP packet counter in a few lines, run it in the kernel, read its numbers."""
    session.begin(dry_run, show_commands, netns or "")


def execute(words: list[str] | None = None) -> int:
    """Run a command line, or else that of this process, which ends then; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files can be any bytes
    given = sys.argv[1:] if words is None else words
    try:
        try:
            _set_signals(signal.default_int_handler)
            return _run(given)
        finally:
            if words is None:
                _set_signals(signal.SIG_IGN)  # a second Ctrl-C doesn't cut short what is told of the first
    except usage.WrongUsage as help_alone:
        help_alone.show()
        return Usage.exit_code
    except (Exception, KeyboardInterrupt) as error:
        failed = _meaning(error)
        session.tell_error(failed)
    if asks_for_json(typer.main.get_command(app), given):
        session.say_failure(failed)
    return failed.exit_code


def _set_signals(handler: Any) -> None:
    """Ctrl-C, SIGTERM and a lost terminal are one; `nohup` has them ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _meaning(error: BaseException) -> XdpctlError:
    if isinstance(error, FileNotFoundError | BadRequest) and (gone := _deleted_directory()):
        why = f"the working directory {gone} was deleted"
        if isinstance(error, FileNotFoundError):
            return FileUnusable(why, "go to one that is there: cd DIR")
        if type(error) in (BadRequest, FileUnusable):
            error.hints = (*error.hints, why)
    match error:
        case XdpctlError():
            return error
        case KeyboardInterrupt():
            return Interrupted("interrupted")
        case MemoryError():
            return HostLacks("there isn't enough memory for this")
        case OSError():
            return of_system(error)
    if os.environ.get("XDPCTL_TRACEBACK"):
        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}"
    return Internal(f"internal error: {what}", "please report it, with what XDPCTL_TRACEBACK=1 shows")


def _deleted_directory() -> str:
    """The working directory, where it isn't there any more; nothing is found in it or written to it."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return os.readlink("/proc/self/cwd").removesuffix(" (deleted)")
    return ""


def _run(words: list[str]) -> int:
    if any(word.startswith(("--install-completion", "--show-completion")) for word in words):
        from xdpctl.cli import completion

        if completion.served(words):
            session.flush()
            return 0
    try:
        ended = app(words, prog_name="xdpctl", standalone_mode=False)
    except SystemExit as end:
        ended = end.code
    if ended == Interrupted.exit_code:
        raise Interrupted("interrupted")
    session.flush()
    return ended if isinstance(ended, int) else 0
