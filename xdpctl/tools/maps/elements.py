"""Elements of maps, looked up, written and deleted: one by bpftool, many through libbpf if it is there."""

import errno
import os
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from xdpctl.core.machine import answers
from xdpctl.core.machine.model import Argv, Map
from xdpctl.core.machine.shell import command_line
from xdpctl.core.maps import refusals
from xdpctl.core.maps.change import Change
from xdpctl.core.maps.chunk import Element, Shape, Untold, chunks
from xdpctl.core.maps.refusals import NOT_SUPPORTED
from xdpctl.errors import Explained, HalfDone, HostLacks, Interrupted, Refused, XdpctlError
from xdpctl.tools import bpftool, executables, proc, signals
from xdpctl.tools.files import placing
from xdpctl.tools.maps import commands

FEW = 3
"""So many elements of a change are shown beforehand."""
AT_ONCE = 4096
"""Lines of a bpftool batch: what it printed of those before is all that is lost."""
NOTHING = b"null"
_NUMBERS = {os.strerror(number): number for number in errno.errorcode} | {
    f"Unknown error {NOT_SUPPORTED}": NOT_SUPPORTED
}


class KernelAnswer(Struct, frozen=True):
    """What the kernel said to a request: 0, or an errno."""

    number: int = 0
    said: str = ""


class WriteOutcome(Struct, frozen=True):
    done: int
    """Elements that were written or deleted."""
    answer: KernelAnswer = KernelAnswer()
    tried: int = 0
    """Which one was refused."""


class Refusal(Explained):
    code = Refused.code

    def __init__(self, answer: KernelAnswer) -> None:
        super().__init__(answer.said)
        self.answer = answer


def lookup(map_: Map, key: bytes) -> tuple[bytes, ...]:
    """The value of an element, or those of all CPUs; none where it isn't there."""
    result = proc.query(commands.lookup(map_, key))
    if not result.ok:
        answer = _answer(result)
        if answer.number == errno.ENOENT:
            return ()
        raise Refusal(answer)
    if bpftool.reports_error(result):
        raise bpftool.failure(result)
    shape = Shape(map_.bytes_key, map_.bytes_value, map_.per_cpu)
    try:
        found = list(chunks([b"[" + result.out + b"]"], shape))
    except Untold as untold:
        raise refusals.not_told(map_, untold.message) from None
    if [chunk.keys for chunk in found] != [key]:
        raise answers.unreadable("bpftool", "another element than the one that was looked up")
    [chunk] = found
    return tuple(
        chunk.values[place : place + chunk.stride] for place in range(0, len(chunk.values), chunk.stride)
    )


class _Next(Struct, frozen=True):
    next_key: tuple[Annotated[str, Meta(pattern="^0x[0-9a-f]{2}$")], ...]


def following(map_: Map, key: bytes | None) -> bytes | None:
    """The key after one, or the first; None after the last."""
    result = proc.query(commands.following(map_, key))
    if result.ok:
        found = bytes(int(byte, 16) for byte in bpftool.read(result, _Next).next_key)
        if len(found) != map_.bytes_key:
            raise answers.unreadable("bpftool", f"a key of {len(found)} bytes")
        return found
    answer = _answer(result)
    if answer.number == errno.ENOENT:
        return None
    raise Refusal(answer)


def shown(change: Change) -> Iterator[str]:
    """What a change would do, as commands; of many elements the first few."""
    for element in change.elements[:FEW]:
        line = command_line(_command(change, element))
        if element.same_on_all:
            yield line
        else:
            values = ", ".join(f"{value.hex(' ')} on CPU {cpu}" for cpu, value in enumerate(element.values))
            yield f"# through libbpf, key {element.key.hex(' ')} of id {change.map.id}: {values}"
    if len(change.elements) > FEW:
        yield f"# and so on: {len(change.elements)} elements in all"


def apply(change: Change) -> WriteOutcome:
    if not change.elements:
        return WriteOutcome(0)
    if len(change.elements) == 1 and change.elements[0].same_on_all:
        command = _command(change, change.elements[0])
        with signals.noted() as interrupted:
            try:
                answer = _written(proc.act(command))
            except XdpctlError as error:
                perhaps = "it may have been done all the same"
                raise type(error)(error.message, perhaps, *error.hints) from error
            if not answer.number and interrupted():
                raise Interrupted(_how_far(1, change))
        gone = change.gone_is_fine and answer.number == errno.ENOENT
        return WriteOutcome(int(not answer.number), KernelAnswer() if gone else answer)
    from xdpctl.tools import libbpf

    if libbpf.installed() and not change.inside:
        return _through_libbpf(change)
    if not all(element.same_on_all for element in change.elements):
        hint = executables.install_hint("libbpf")
        raise HostLacks("libbpf isn't installed: bpftool alone gives all CPUs the same value", hint)
    return _by_bpftool(change)


def _through_libbpf(change: Change) -> WriteOutcome:
    from xdpctl.tools.libbpf import maps

    done = tried = 0
    call = f"bpf_map_{'delete' if change.deletes else 'update'}"
    way = f"{call}_batch" if maps.batched(change) else f"{call}_elem"
    proc.remark(f"{way} of libbpf, {len(change.elements)} elements, on map id {change.map.id}")
    with signals.noted() as interrupted:
        for answer in maps.change(change):
            done, tried = done + answer.done, tried + answer.done
            if answer.number and not (answer.number == errno.ENOENT and change.gone_is_fine):
                return WriteOutcome(done, KernelAnswer(answer.number, os.strerror(answer.number)), tried)
            tried += bool(answer.number)
            if interrupted():
                raise Interrupted(_how_far(done, change))
    return WriteOutcome(done)


def _how_far(done: int, change: Change) -> str:
    return f"interrupted after {done} of {len(change.elements)} elements"


def _by_bpftool(change: Change) -> WriteOutcome:
    """bpftool's batches end at the first command that fails."""
    done = place = 0
    while place < len(change.elements):
        part = change.elements[place : place + AT_ONCE]
        lines = [" ".join(commands.change(change.map, element, change.how)) for element in part]
        try:
            ran = [_written(one) for one in bpftool.each(_batch(change, lines), len(lines))]
        except KeyboardInterrupt:
            raise Interrupted(f"{_how_far(done, change)}, and at most {len(part)} more") from None
        except XdpctlError as error:
            far = f"{done} of {len(change.elements)} elements were written before that"
            kind = HalfDone if done or not isinstance(error, HostLacks) else type(error)
            raise kind(error.message, f"{far}, and at most {len(part)} more", *error.hints) from None
        for answer in ran:
            if answer.number and not (answer.number == errno.ENOENT and change.gone_is_fine):
                return WriteOutcome(done, answer, place)
            done, place = done + (not answer.number), place + 1
    return WriteOutcome(done)


def _command(change: Change, element: Element) -> Argv:
    return (*change.inside, *bpftool.command(*commands.change(change.map, element, change.how)))


def _batch(change: Change, lines: list[str]) -> proc.Result:
    with placing.in_memory(lines) as path:
        return proc.act((*change.inside, *bpftool.command("batch", "file", path)))


def _written(result: proc.Result) -> KernelAnswer:
    """bpftool prints `null` where it has done what it was asked to."""
    if not result.ok or bpftool.reports_error(result):
        return _answer(result)
    if result.out.strip() != NOTHING:
        raise answers.unreadable("bpftool", "not that it has done it")
    return KernelAnswer()


def _answer(result: proc.Result) -> KernelAnswer:
    """What the kernel said, if bpftool passes it on.

    It ends with the errno, of which a status keeps eight bits; its words tell all of it. Of an element that
    isn't there it only prints `null`.
    """
    said, told = bpftool.reason_of(result), bpftool.reports_error(result)
    number = _NUMBERS.get(said.rpartition(": ")[2])
    if number is None and 128 <= result.status < 255 and (told or result.out.strip() == NOTHING):
        number = 256 - result.status
    if result.death or (number is None and not told):
        raise bpftool.failure(result)
    return KernelAnswer(number or errno.EIO, said)
