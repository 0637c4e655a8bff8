"""What the verbs share: the global options, and how results, plans and errors are printed."""

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from xdpctl.core.machine.model import Mode
from xdpctl.core.machine.paths import PIN_DIRECTORY
from xdpctl.core.machine.reach import Reach
from xdpctl.core.machine.shell import command_line
from xdpctl.core.values.visible import visible, visible_lines
from xdpctl.errors import MORE_IN_LOG, Interrupted, Lines, XdpctlError
from xdpctl.ops import show

if TYPE_CHECKING:
    from xdpctl.core.plan.plan import Plan


class GlobalOptions(NamedTuple):
    dry_run: bool = False
    netns: str = ""


_options = GlobalOptions()
_begun = False
"""Whether something of a result is on stdout."""
verbose = False
"""Whether an error is followed by all that the tool said."""


def begin(dry_run: bool, show_commands: bool, netns_name: str) -> None:
    global _options
    _options = GlobalOptions(dry_run, netns_name)
    if show_commands:
        show.show_commands(note)


def dry_run() -> bool:
    return _options.dry_run


def netns() -> str:
    """The network namespace of the devices, by name or path; empty for this one."""
    return _options.netns


def pin_directory(given: str) -> str:
    """The pin directory as asked for, or from XDPCTL_PIN, or the default."""
    return os.path.realpath(given or os.environ.get("XDPCTL_PIN") or PIN_DIRECTORY)


def reach(given: str) -> Reach:
    """Where what is read is looked for."""
    return Reach(pin_directory(given), (pin_directory(""), PIN_DIRECTORY), note)


def say(line: str) -> None:
    """A result, on stdout: one line, whatever is in the names that it tells."""
    if line:
        draw(f"{visible(line)}\n")


def say_lines(text: str) -> None:
    """A result of several lines; whoever made them has escaped the names in them."""
    if text:
        stream([text, "\n"])


def stream(pieces: Iterable[str], live: bool = False) -> bool:
    """A long result, piece by piece, as long as somebody reads it; whether somebody still does."""
    return all(map(draw, map(visible_lines, pieces))) and (flush() if live else True)


def draw(text: str) -> bool:
    """What has escapes that are meant, such as colours, or tabs; whether somebody still reads it."""
    global _begun
    _begun = True
    try:
        sys.stdout.write(text)
    except OSError as error:
        _lost(error)
        return False
    return True


def draw_bytes_of(text: str) -> bool:
    """The same for what was read from a file, in whatever encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    return draw(text)


def note(line: str) -> None:
    """Everything else, on stderr: one line."""
    note_lines(visible(line))


def note_lines(text: str) -> None:
    """That it can't be written is no reason to fail half-way."""
    if text:
        flush()
        with contextlib.suppress(OSError):
            print(visible_lines(text), file=sys.stderr, flush=True)


def say_failure(error: XdpctlError) -> None:
    """For scripts; not behind a part of a result, with which it would be no JSON."""
    if not _begun:
        from xdpctl.views import failure

        with contextlib.suppress(XdpctlError):  # where nobody can read it, the failure stays what it is
            say(failure.as_json(error))
            flush()


def flush() -> bool:
    """Whether somebody still reads results."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _lost(error)
        return False
    return True


def _lost(error: OSError) -> None:
    """What is left is for nobody; no failure where a reader like `head` has seen enough and gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        raise XdpctlError(f"standard output can't be written: {error.strerror}") from error


def say_plan(plan: "Plan") -> None:
    """What would be done, as lines that can be pasted into a root shell."""
    for step in plan:
        first, *others = step.acts
        say(f"# {step.what}")
        say(command_line(first.do))
        for act in others:
            say(f"# or, where that is refused: {command_line(act.do)}")


class MapWrite(Protocol):
    """Elements that are about to be written to a map."""

    def within(self, netns_name: str, /) -> Self: ...

    def commands(self) -> list[str]: ...

    def run(self) -> int: ...


@contextlib.contextmanager
def checking() -> Iterator[None]:
    """What is looked at before the first element is written."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted before anything was written") from None


def written(writing: MapWrite) -> int | None:
    """How many elements were written; None where it is only said what would be."""
    writing = writing.within(netns())
    if not dry_run():
        return writing.run()
    for command in writing.commands():
        say(command)
    return None


def tell_error(error: XdpctlError) -> None:
    with contextlib.suppress(XdpctlError):  # that a result can't be written either, is no news
        flush()
    note_lines(f"xdpctl: {_in_lines(error.message)}")
    for hint in error.hints:
        if not (verbose and hint == MORE_IN_LOG):
            note_lines("\n".join(f"  {line}" for line in _in_lines(hint).split("\n")))
    if verbose:
        note_lines(error.log.rstrip())


def _in_lines(text: str) -> str:
    return text if isinstance(text, Lines) else visible(text)


def show_log_with_errors() -> None:
    global verbose
    verbose = True


def say_attached(program: str, device: str, mode: Mode | None, fell_back: str) -> None:
    if fell_back:
        note(f"{device} doesn't take it in native mode: {fell_back}")
    say(f"attached {program} to {device} in {mode} mode")
