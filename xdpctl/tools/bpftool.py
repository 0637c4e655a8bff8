"""bpftool: programs, maps and their content, as JSON.

Always with -n: without it, a pin outside bpffs makes bpftool mount a bpffs over that directory.
"""

import re
from typing import TypeVar

import msgspec

from xdpctl.core import decode, diagnose
from xdpctl.core.btf import BtfDump
from xdpctl.core.model import Argv, BpfLink, Map, Program
from xdpctl.errors import HostLacks, Refused
from xdpctl.tools import proc

T = TypeVar("T")
Pinned = TypeVar("Pinned", Map, Program)


class Failure(msgspec.Struct, frozen=True):
    error: str


def command(*words: str) -> Argv:
    return ("bpftool", "-j", "-n", *words)


def programs() -> tuple[Program, ...]:
    """All programs, with their pins."""
    return tuple(map(_each_pin_once, read(proc.query(command("-f", "prog", "show")), tuple[Program, ...])))


def programs_without_pins() -> tuple[Program, ...]:
    """All programs; looking for pins takes bpftool longer than all else."""
    return read(proc.query(command("prog", "show")), tuple[Program, ...])


def pinned_program(path: str) -> Program:
    return read(proc.query(command("prog", "show", "pinned", path)), Program)


def prints(program: Program) -> bool:
    """Whether a program calls bpf_printk; where the kernel hides what programs call, it may."""
    result = proc.query(command("prog", "dump", "xlated", "id", str(program.id)))
    return re.search(rb"call bpf_(?:trace_v?printk|unspec)#", result.out) is not None


def maps() -> tuple[Map, ...]:
    """All maps, with their pins."""
    return tuple(map(_each_pin_once, read(proc.query(command("-f", "map", "show")), tuple[Map, ...])))


def _each_pin_once(found: Pinned) -> Pinned:
    """Where one bpffs is mounted over another, bpftool looks into the upper one twice."""
    return msgspec.structs.replace(found, pinned=tuple(dict.fromkeys(found.pinned)))


def links() -> tuple[BpfLink, ...]:
    return read(proc.query(command("link", "show")), tuple[BpfLink, ...])


def read(result: proc.Result, type_: type[T]) -> T:
    """The decoded answer, or bpftool's reason for having none."""
    if not result.ok:
        raise failure(result)
    try:
        try:
            return msgspec.json.decode(result.out, type=type_)
        except msgspec.DecodeError:
            return msgspec.json.decode(decode.readable(result.out), type=type_)
    except msgspec.DecodeError as error:
        raise Refused(
            f"bpftool printed what xdpctl can't read: {error}", "`xdpctl doctor` checks bpftool"
        ) from error


def failure(result: proc.Result) -> Refused | HostLacks:
    if result.death:
        return Refused(result.death)
    reason = reason_of(result)
    if diagnose.not_permitted(reason):
        return HostLacks(f"bpftool: {reason}", "run xdpctl as root")
    return Refused(f"bpftool: {reason}")


def told(result: proc.Result) -> bool:
    """Whether bpftool itself told why it failed: then it wasn't killed, and has cleaned up."""
    return result.out.lstrip().startswith((b'{"error"', b'[{"error"'))


def reason_of(result: proc.Result) -> str:
    """Why bpftool failed: an object or a list of objects on stdout, or text on stderr."""
    try:
        answer = msgspec.json.decode(result.out, type=Failure | list[Failure] | None)
    except msgspec.DecodeError:
        answer = None
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    return answer.error if answer else result.err.strip() or f"failed with status {result.status}"


def start_btf(*words: str) -> proc.Running:
    return proc.start(command("btf", "dump", *words))


def btf(result: proc.Result) -> BtfDump:
    """Before Linux 5.11 bpftool first tells of a question that the kernel refused; the answer follows."""
    complaint = rb'^\{"error":"can\'t get BTF \(ID \d+\) object info: [^"]*"\},'
    out = re.sub(complaint, b"", result.out)
    return read(msgspec.structs.replace(result, out=out), BtfDump)
