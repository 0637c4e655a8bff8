"""bpftool: programs, maps and their content, as JSON.

Always with -n: without it, a pin outside bpffs makes bpftool mount a bpffs over that directory.
"""

import errno
import os
import re
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from xdpctl.core.btf.types import BtfDump
from xdpctl.core.machine import answers
from xdpctl.core.machine.identifiers import whole
from xdpctl.core.machine.model import Argv, BpfLink, Map, Program
from xdpctl.core.machine.shell import command_line
from xdpctl.core.wording import one
from xdpctl.errors import HostLacks, NoAnswer, NotPermitted, Refused
from xdpctl.tools import proc

TIMES = 20
"""How often a question is asked again."""
T = TypeVar("T")
Pinned = TypeVar("Pinned", Map, Program)


class MapSizes(msgspec.Struct, frozen=True):
    """What is told of every map, and without which nothing in it can be read."""

    type: str | int
    bytes_key: int
    bytes_value: int
    max_entries: int


class Disassembled(msgspec.Struct, frozen=True):
    """Of a program, as the kernel has it."""

    disasm: str


def command(*words: str) -> Argv:
    return ("bpftool", "-j", "-n", *words)


PROGRAMS = command("-f", "prog", "show")
MAPS = command("-f", "map", "show")


def programs() -> tuple[Program, ...]:
    """All programs, with their pins."""
    return read_programs(proc.query(PROGRAMS))


def read_programs(result: proc.Result) -> tuple[Program, ...]:
    return tuple(map(_each_pin_once, read(result, tuple[Program, ...])))


def programs_beneath(point: str) -> tuple[Program, ...]:
    """The same with the upper one of two bpffs taken away, in a mount namespace that ends with this."""
    look = f'umount "$0" && exec {command_line(PROGRAMS)}'
    inside = ("unshare", "--mount", "--propagation", "private", "sh", "-c", look, point)
    return read_programs(proc.query(inside))


def programs_without_pins() -> tuple[Program, ...]:
    return read(start_programs().result(), tuple[Program, ...])


def start_programs() -> proc.RunningQuery:
    """Asks for all programs; looking for their pins takes bpftool longer than all else."""
    return proc.start(command("prog", "show"))


def pinned_program(path: str) -> Program:
    return read(proc.query(command("prog", "show", "pinned", path)), Program)


def load_command(object_file: str, pin: str, maps: str = "") -> Argv:
    """Load an XDP program and pin it; its maps too, where a directory for them is given."""
    pin_maps = ("pinmaps", maps) if maps else ()
    return command("prog", "load", object_file, pin, "type", "xdp", *pin_maps)


def load_all_command(object_file: str, directory: str) -> Argv:
    """Load XDP programs and pin each by its name; their maps too, or a prog_array would be emptied.

    bpftool looks above the last `/` for a bpffs.
    """
    words = ("prog", "loadall", object_file, f"{directory}/.", "type", "xdp", "pinmaps", directory)
    return command(*words)


def prints(program: Program) -> bool:
    """Whether a program calls bpf_printk; where the kernel hides what programs call, it may."""
    result = proc.query(command("prog", "dump", "xlated", "id", str(program.id)))
    if not result.ok and is_missing(reason_of(result)):
        return False  # it has gone meanwhile
    if not read(result, tuple[Disassembled, ...]):
        raise answers.unreadable("bpftool", "a program without instructions")
    return re.search(rb"call bpf_(?:trace_v?printk|unspec)#", result.out) is not None


def maps() -> tuple[Map, ...]:
    """All maps, with their pins, and with whole names where these tell them."""
    return read_maps(proc.query(MAPS))


def read_maps(result: proc.Result) -> tuple[Map, ...]:
    read(result, tuple[MapSizes, ...])
    found = map(_each_pin_once, map(_with_sizes, read(result, tuple[Map, ...])))
    return tuple(replace(one, name=whole(one.name, one.pinned)) if one.pinned else one for one in found)


def read_map(result: proc.Result) -> Map:
    read(result, MapSizes)
    return _with_sizes(read(result, Map))


def _with_sizes(found: Map) -> Map:
    """There are maps without keys, or without values, but none of these."""
    if str(found.type).endswith(("hash", "array")) and not (found.bytes_key and found.bytes_value):
        raise answers.unreadable("bpftool", f"{one(f'{found.type} map')} with a key or a value of no bytes")
    return found


def _each_pin_once(found: Pinned) -> Pinned:
    """Where one bpffs is mounted over another, bpftool looks into the upper one twice."""
    return replace(found, pinned=tuple(dict.fromkeys(found.pinned)))


def links(sleep: Callable[[float], None] = time.sleep) -> tuple[BpfLink, ...]:
    """All bpf links. Of one that is being made this very moment, the kernel wants to be asked again."""
    result = proc.query(command("link", "show"))
    for _ in range(TIMES):
        if result.ok or not reason_of(result).endswith(os.strerror(errno.EAGAIN)):
            break
        sleep(0.01)
        result = proc.query(command("link", "show"))
    return tuple(map(_with_device, read(result, tuple[BpfLink, ...])))


def _with_device(link: BpfLink) -> BpfLink:
    if link.type != "xdp" or link.ifindex is not None:
        return link
    from xdpctl.tools.libbpf import links

    return replace(link, ifindex=links.device_of(link.id))


def read(result: proc.Result, type_: type[T]) -> T:
    """The decoded answer, or bpftool's reason for having none."""
    if not result.ok or reports_error(result):
        raise failure(result)
    return answers.decoded(result.out, type_, "bpftool")


class _Ran(msgspec.Struct, frozen=True):
    output: msgspec.Raw = msgspec.Raw()
    error: str = ""
    """Of the batch itself, behind all commands."""


def each(result: proc.Result, commands: int) -> list[proc.Result]:
    """What came of so many commands of a batch, up to the first that failed.

    Behind the last of them, a bpftool may take an old errno for a failure to read their list.
    """
    if result.death:
        raise failure(result)
    try:
        ran = answers.decoded(result.out, list[_Ran], "bpftool")
    except Refused as unreadable:
        raise unreadable if result.ok else failure(result) from None
    if len(ran) == commands + 1 and ran[-1].error.startswith("reading batch file failed"):
        ran, result = ran[:-1], replace(result, status=0)
    if ran and ran[-1].error:
        raise Refused(f"bpftool: {ran[-1].error}")
    if not all(bytes(one.output) for one in ran):
        raise answers.unreadable("bpftool", "a command of a batch without what came of it")
    found = [replace(result, status=0, out=bytes(one.output)) for one in ran]
    if not result.ok and found and reports_error(found[-1]):
        return [*found[:-1], replace(found[-1], status=result.status)]
    if not result.ok:
        raise failure(result)
    if not found:
        raise answers.unreadable("bpftool", "nothing of what was asked for")
    return found


def failure(result: proc.Result) -> Refused | HostLacks:
    if result.death:
        return NoAnswer(result.death)
    from xdpctl.core.machine import tool_errors

    reason = reason_of(result)
    if tool_errors.not_permitted(reason):
        return NotPermitted(f"bpftool: {reason}", "run xdpctl as root")
    return Refused(f"bpftool: {reason}")


def reports_error(result: proc.Result) -> bool:
    """Whether bpftool itself told why it failed: then it wasn't killed, and has cleaned up."""
    return result.out.lstrip().startswith((b'{"error"', b'[{"error"'))


def is_missing(reason: str) -> bool:
    """Whether it is that there is no such thing, or none any more."""
    return reason.endswith(os.strerror(errno.ENOENT))


def is_nothing_there(reason: str) -> bool:
    """Whether what was asked for can't be: there is nothing of this id or path, or nothing of BPF."""
    return is_missing(reason) or "not in bpf file system" in reason


def reason_of(result: proc.Result) -> str:
    """Why bpftool failed: the first of several objects on stdout, or text on stderr."""
    found = re.match(rb'\s*\[?\{"error":\s*("(?:[^"\\]|\\.)*")', result.out)
    if found:
        return answers.decoded(found[1].decode(errors="replace").encode(), str, "bpftool")
    return result.err.strip() or f"failed with status {result.status}"


def start_btf(*words: str) -> proc.RunningQuery:
    return proc.start(command("btf", "dump", *words))


def btf(result: proc.Result) -> BtfDump:
    """Before Linux 5.11 bpftool first tells of a question that the kernel refused; the answer follows."""
    complaint, _, answer = result.out.partition(b'"},')
    if complaint.startswith(b'{"error":"can\'t get BTF (ID '):
        result = replace(result, out=answer)
    return read(result, BtfDump)
