"""Runs a plan; when a step fails, or Ctrl-C comes, undoes what was done and says what is left."""

import errno
import os
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from msgspec import Struct

from xdpctl.core.machine import tool_errors
from xdpctl.core.machine.shell import command_line
from xdpctl.core.plan.plan import Act, Exchange, Plan, Step, Undo
from xdpctl.errors import Gone, HalfDone, Interrupted, NoAnswer, NotPermitted, Refused, XdpctlError, of_system
from xdpctl.tools import bpffs, bpftool, host, proc, signals

Seen = TypeVar("Seen")
Facts = frozenset[str]
"""What can be seen on the machine of the things that a plan touches."""

NOT_EMPTY = os.strerror(errno.ENOTEMPTY)
"""Why a directory stays in which others have put something; what is ours in it is told by itself."""


class Outcome(Struct, frozen=True):
    step: Step
    act: Act
    refused: tuple[proc.Result, ...]
    """What came of the better ways to do it."""
    by_others: bool = False
    """Somebody else had done it, who may have had reasons: it isn't undone."""

    @property
    def fell_back(self) -> str:
        """Why the best way was not taken; empty where it was."""
        return tool_said(self.refused[0]) if self.refused else ""


class Care(Protocol):
    """What looks after a step that a tool does for us."""

    def verify(self, act: Act, /) -> None:
        """An error where it wasn't done, though the tool says so."""

    def undo(self, act: Act, sure: bool, /) -> tuple[Undo, ...]:
        """What undoes it as things are now; it isn't sure that a tool which was killed did anything."""

    def remains(self) -> Facts:
        """What can be seen of it."""


class _Plain:
    def verify(self, act: Act, /) -> None:
        pass

    def undo(self, act: Act, sure: bool, /) -> tuple[Undo, ...]:
        return act.undo if sure else ()

    def remains(self) -> Facts:
        return frozenset()


class Operation(Struct, frozen=True):
    plan: Plan
    before: Facts = frozenset()
    observe: Callable[[], Facts] = frozenset
    """Looks again; called only after something went wrong."""
    care: Mapping[Step, Care] = {}
    """For steps of which more is known than the command that undoes them."""
    check: Callable[[], None] = lambda: None
    """The last look before a step after which there is no way back."""
    overtaken: Callable[[], XdpctlError | None] = lambda: None
    """After a failure: whether somebody else has done all of it meanwhile, and nothing is to be undone."""
    finish: Callable[[], None] = lambda: None
    """What is done after all steps without a tool, and fails without leaving anything."""
    last: bool = False
    """Nothing but telling follows: a signal that comes then comes too late."""

    def care_of(self, step: Step) -> Care:
        return self.care.get(step, _Plain())


def run(operation: Operation) -> tuple[Outcome, ...]:
    """Every step, or none of them."""
    done: list[Outcome] = []
    begun: list[Step] = []
    steps = iter(operation.plan)
    with signals.noted(operation.last) as interrupted:  # a half-done step can't be undone
        try:
            for step in steps:
                if step.final:
                    operation.check()
                begun.append(step)
                done.append(_do(step))
                operation.care_of(step).verify(done[-1].act)
                if step.final:
                    break
                if interrupted():
                    raise Interrupted("interrupted, and all undone")
            operation.finish()
        except BaseException as error:
            told = isinstance(error, XdpctlError) and error.told
            overtaken = operation.overtaken() if isinstance(error, XdpctlError | OSError) else None
            if overtaken and not isinstance(error, Interrupted):
                raise overtaken from error
            unsure, by_others = ([], begun[len(done) :]) if told else (begun[len(done) :], [])
            trouble = [overtaken.message] if overtaken else _undo(operation, done, unsure, by_others)
            if isinstance(error, Interrupted) or interrupted():
                message = "interrupted" if trouble else "interrupted, and all undone"
                raise Interrupted(message, *trouble) from error
            why = of_system(error) if isinstance(error, OSError) else error
            if trouble and isinstance(why, XdpctlError):
                raise HalfDone(why.message, *why.hints, *trouble, log=why.log) from error
            raise
        for step in steps:
            _run(step.acts[0])
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
        try:
            result = _run(act)
        except Gone:
            if not step.may_be_done:
                raise
            return Outcome(step=step, act=act, refused=(), by_others=True)
        if result.ok:
            return Outcome(step, act, tuple(refused))
        refused.append(result)
        if result.death or not tool_errors.mode_refused(result.err):
            break
    raise _failure(step, refused)


def _run(what: Act | Undo) -> proc.Result:
    what = (what.exchange or what.do) if isinstance(what, Act) else what
    if isinstance(what, Exchange):
        from xdpctl.tools import exchanging  # and with it ctypes

        return exchanging.act(what)
    return bpffs.act(what) if bpffs.does(what) else proc.act(what)


def _undo(operation: Operation, done: list[Outcome], unsure: list[Step], by_others: list[Step]) -> list[str]:
    """Undo what this process did, or may have done; what can't be undone, or is left, is told.

    What refused steps were to take away, others may have.
    """
    acts = [(step, step.acts[0], False) for step in unsure]
    acts += [(outcome.step, outcome.act, True) for outcome in reversed(done) if not outcome.by_others]
    if not acts:
        return []  # what is other than before, others have done
    trouble = []
    for step, act, sure in acts:
        care, failed = operation.care_of(step), list[str]()
        try:
            failed = _unwind(care.undo(act, sure))
            if failed and not care.undo(act, sure):
                continue  # a tool did it, and was killed then
        except XdpctlError as error:
            failed.append(f"what the failed step did could not be seen: {error.message}")
        trouble += failed
    by_others += [outcome.step for outcome in done if outcome.by_others]
    return trouble + _difference(operation, [step for step, _, _ in acts], by_others)


def _unwind(undo: tuple[Undo, ...]) -> list[str]:
    """Undo what was done; what can't be undone is told, unless others need it by now."""
    trouble = []
    for what in undo:
        line = what.line if isinstance(what, Exchange) else what
        try:
            result = _run(what)
            reason = "" if result.ok else tool_said(result)
        except XdpctlError as error:
            reason = error.message
        if reason and not reason.endswith(NOT_EMPTY):
            trouble.append(f"not undone: {command_line(line)}: {reason}")
    return trouble


def _difference(operation: Operation, undone: list[Step], by_others: list[Step]) -> list[str]:
    try:
        after = operation.observe()
        remaining = [fact for step in undone for fact in operation.care_of(step).remains()]
    except XdpctlError as error:
        return [f"what is left could not be seen: {error.message}"]
    left = [f"left behind: {fact}" for fact in sorted({*remaining, *(after - operation.before)})]
    theirs = tuple(act.exchange.was for step in by_others for act in step.acts if act.exchange)
    lost = (fact for fact in operation.before - after if not fact.startswith(theirs))
    return left + [f"lost: {fact}" for fact in sorted(lost)]


def tool_said(result: proc.Result) -> str:
    """The tool's own words for its failure."""
    if result.death:
        return result.death
    if result.program == "bpftool":
        return bpftool.reason_of(result)
    words = "; ".join(result.err.strip().removeprefix("Error: ").splitlines())
    return words or f"{result.program} failed with status {result.status}"


def _failure(step: Step, refused: list[proc.Result]) -> XdpctlError:
    first, last = refused[0], refused[-1]
    said = tool_said(first)
    log = "".join(result.err for result in refused)
    if last.death:
        return NoAnswer(f"failed to {step.what}: {last.death}", log=log)
    if first.program == "bpftool":
        why = tool_errors.load_failure(said, first.err)
        told = bpftool.reports_error(first)
        return why.error(f"failed to {step.what}: {why.message}", *why.hints, log=log, told=told)
    told = tool_errors.told_by_ip(last.err)
    if tool_errors.not_permitted(log) and not host.privileged():
        return NotPermitted(f"failed to {step.what}: {said}", "run xdpctl as root", log=log, told=told)
    others = zip(step.acts[1:], refused[1:], strict=False)
    more = [f"and in {act.way} mode: {tool_said(result)}" for act, result in others]
    hints = (*more, *tool_errors.attach_failure(said))
    return Refused(f"failed to {step.what}: {said}", *hints, log=log, told=told)
