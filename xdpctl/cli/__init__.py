"""The command line: parse, one op, one view, print. Nothing else imports typer.

Each verb is a module of this package with a function `command`, imported only when it is called.
"""

import io
import os
import signal
import sys
import traceback
from importlib import import_module
from itertools import pairwise
from typing import Any

import typer

from xdpctl import __version__
from xdpctl.cli import arguments, session
from xdpctl.cli.words import CheckedCommand, CheckedGroup, WrongUsage, asks_for_json
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import HostLacks, Internal, Interrupted, Usage, XdpctlError, of_system

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
    "bench": "Measure what counting costs per packet on this machine.",
    "doctor": "Check what this machine has and lacks.",
}


class Verbs(CheckedGroup):
    """Knows its verbs without importing them."""

    package = "xdpctl.cli"
    verbs = VERBS

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.verbs)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.verbs and not ctx.resilient_parsing:
            raise Usage(f"there is no verb {args[0]!r}", *did_you_mean(args[0], self.verbs))
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.verbs:
            return None
        module = import_module(f"{self.package}.{cmd_name}")
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        if hasattr(module, "VERBS"):
            group = type("Group", (Verbs,), {"package": module.__name__, "verbs": module.VERBS})
            app.callback(cls=group, help=module.__doc__, no_args_is_help=True)(lambda: None)
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
    except WrongUsage as wrong:
        failed: XdpctlError = _tell_usage(wrong, given)
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


def _run(words: list[str]) -> int:
    if any(word.startswith("--install-completion") for word in words):
        from xdpctl.ops import complete

        complete.check_home()
    try:
        ended = app(words, prog_name="xdpctl", standalone_mode=False)
    except SystemExit as end:
        ended = end.code
    if ended == Interrupted.exit_code:
        raise Interrupted("interrupted")
    session.flush()
    return ended if isinstance(ended, int) else 0


def _tell_usage(wrong: Any, words: list[str]) -> Usage:
    wrong.show()
    misplaced = _misplaced(words)
    for hint in misplaced:
        session.note(hint)
    return Usage(wrong.format_message(), *misplaced)


def _misplaced(words: list[str]) -> tuple[str, ...]:
    """Options for all verbs come before the verb, numbers below zero after --; a hint where they didn't."""
    verb = next((i for i, word in enumerate(words) if word in VERBS), len(words))
    for before, word in pairwise(words[verb:]):
        if word.partition("=")[0] in ("--dry-run", "--show-commands", "--netns"):
            option = "--netns NAME" if word.startswith("--netns") else word
            return (f"{option} goes before the verb: xdpctl {option} {words[verb]}",)
        if word[:1] == "-" and word[1:2].isdecimal() and not before.startswith("-"):
            return (f"what begins with a dash and is no option comes after --: xdpctl … -- {word}",)
    return ()
