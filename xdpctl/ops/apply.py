"""Runs a plan; when a step fails, or Ctrl-C comes, undoes what was done and says what is left."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from xdpctl.core import diagnose
from xdpctl.core.model import Argv
from xdpctl.core.plan import Act, Plan, Step, command_line
from xdpctl.errors import HostLacks, Interrupted, Refused, XdpctlError
from xdpctl.tools import bpffs, bpftool, host, proc, signals

Seen = TypeVar("Seen")
Facts = frozenset[str]
"""What can be seen on the machine of the things that a plan touches."""


class Operation(Struct, frozen=True):
    plan: Plan
    before: Facts
    observe: Callable[[], Facts]
    """Looks again; called only after something went wrong."""
    settle: Callable[[Step, BaseException], tuple[Argv, ...]] = lambda _step, _error: ()
    """What undoes a step that failed, in case that its tool did something before it failed."""
    check: Callable[[], None] = lambda: None
    """The last look before a step after which there is no way back."""


class Outcome(Struct, frozen=True):
    step: Step
    act: Act
    refused: tuple[proc.Result, ...]
    """What came of the better ways to do it."""

    @property
    def fell_back(self) -> str:
        """Why the best way was not taken; empty where it was."""
        return tool_said(self.refused[0]) if self.refused else ""


def run(operation: Operation) -> tuple[Outcome, ...]:
    """Every step, or none of them."""
    done: list[Outcome] = []
    begun: list[Step] = []
    steps = iter(operation.plan)
    with signals.noted() as interrupted:  # a half-done step can't be undone
        try:
            for step in steps:
                if step.final:
                    operation.check()
                begun.append(step)
                done.append(_do(step))
                if step.final:
                    break
                if interrupted():
                    raise Interrupted("interrupted, and all undone")
        except BaseException as error:
            trouble = _settle(operation, begun[len(done) :], error)
            trouble += _unwind([argv for outcome in reversed(done) for argv in outcome.act.undo])
            trouble += _difference(operation)
            if trouble and isinstance(error, Interrupted):
                raise Interrupted("interrupted", *trouble) from error
            if trouble and isinstance(error, XdpctlError):
                raise type(error)(error.message, *error.hints, *trouble, log=error.log) from error
            raise
        for step in steps:
            _run(step.acts[0].do)
    return tuple(done)


def run_and_look(operation: Operation, look: Callable[[], Seen], tell: Callable[[], None], what: str) -> Seen:
    """What is seen afterwards. Where that fails, or a signal comes, `tell` says what was done all the same.

    `what` is looked at, as in "whether …".
    """
    done = False
    try:
        with signals.noted():
            run(operation)
            done = True
        return look()
    except (XdpctlError, KeyboardInterrupt) as error:
        if not done:
            raise
        tell()
        if isinstance(error, XdpctlError):
            raise Refused(f"{what} can't be seen: {error.message}", *error.hints, log=error.log) from error
        raise Interrupted(f"interrupted before it was seen {what}") from None


def _do(step: Step) -> Outcome:
    refused: list[proc.Result] = []
    for act in step.acts:
        result = _run(act.do)
        if result.ok:
            return Outcome(step, act, tuple(refused))
        refused.append(result)
    raise _failure(step, refused)


def _run(argv: Argv) -> proc.Result:
    return bpffs.act(argv) if argv[0] in ("mkdir", "rmdir", "rm") else proc.act(argv)


def _settle(operation: Operation, failed: list[Step], error: BaseException) -> list[str]:
    try:
        return _unwind([argv for step in failed for argv in operation.settle(step, error)])
    except XdpctlError as trouble:
        return [f"what the failed step did could not be seen: {trouble.message}"]


def _unwind(undo: list[Argv]) -> list[str]:
    """Undo what was done; what can't be undone is told."""
    trouble = []
    for argv in undo:
        try:
            result = _run(argv)
            reason = "" if result.ok else tool_said(result)
        except XdpctlError as error:
            reason = error.message
        if reason:
            trouble.append(f"not undone: {command_line(argv)}: {reason}")
    return trouble


def _difference(operation: Operation) -> list[str]:
    try:
        after = operation.observe()
    except XdpctlError as error:
        return [f"what is left could not be seen: {error.message}"]
    left = [f"left behind: {fact}" for fact in sorted(after - operation.before)]
    return left + [f"lost: {fact}" for fact in sorted(operation.before - after)]


def tool_said(result: proc.Result) -> str:
    """The tool's own words for its failure."""
    if _is_bpftool(result.argv):
        return bpftool.reason_of(result)
    words = "; ".join(result.err.strip().removeprefix("Error: ").splitlines())
    return words or f"{result.argv[0]} failed with status {result.status}"


def _failure(step: Step, refused: list[proc.Result]) -> XdpctlError:
    first = refused[0]
    said = tool_said(first)
    log = "".join(result.err for result in refused)
    if _is_bpftool(first.argv):
        why = diagnose.load_failure(said, first.err)
        error = HostLacks if why.not_permitted else Refused
        told = bpftool.told(first)
        return error(f"failed to {step.what}: {why.message}", *why.hints, log=log, told=told)
    if diagnose.not_permitted(log) and not host.privileged():
        return HostLacks(f"failed to {step.what}: {said}", "run xdpctl as root", log=log)
    ways = zip(step.acts, refused, strict=True)
    others = [f"and in {act.way} mode: {tool_said(result)}" for act, result in ways][1:]
    return Refused(f"failed to {step.what}: {said}", *others, *diagnose.attach_failure(said), log=log)


def _is_bpftool(argv: Argv) -> bool:
    return "bpftool" in (argv[0], *argv[2:3])  # it may be run in another network namespace
