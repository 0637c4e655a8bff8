"""The text of the kernel's trace log: lines that programs print, stacks of those lines, losses."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import dropwhile, takewhile

from msgspec import Struct

EVENT = "bpf_trace_printk: "
STACK = "<stack trace>"
NESTED = 4
"""So deep the kernel lets a program print while another one, on the same CPU, is about to."""
SHORT = 15
"""So much of a program's name the kernel keeps, where the program has no BTF."""


class TraceLine(Struct, frozen=True):
    """What a program printed."""

    microseconds: int
    """Since the machine was started."""
    cpu: int
    task: str
    """Which the CPU was running; of a packet that comes in, that is any."""
    pid: int
    message: str


class Stack(Struct, frozen=True):
    """Which functions were running, the innermost first; the kernel tells it right after a line."""

    cpu: int
    pid: int
    functions: tuple[str, ...]


class Lost(Struct, frozen=True):
    """Entries of one CPU that were overwritten before they were read."""

    cpu: int
    entries: int
    """At least so many."""


Entry = TraceLine | Stack | Lost

_HEAD = re.compile(
    r"""\n(?:
        CPU:(?P<losing>\d+)\ \[LOST\ (?:(?P<lost>\d+)\ )?EVENTS\]
        |
        (?!\ =>)\ *(?P<task>\S.*?|)-(?P<pid>\d+)\ +
        (?:\([ ]*[-\d]+\)\ +)?          # the thread group, where somebody has that recorded
        \[(?P<cpu>\d+)\]\ +
        (?:[^\s:]+\ +)?                 # interrupts and such: four characters in Linux 5.10, now more
        (?P<seconds>\d+)\.(?P<microseconds>\d{6}):\ (?P<event>.*)
    )(?=\n)""",
    re.X,
)


def parse(text: str) -> Iterator[Entry]:
    """The entries of a text that ends where an entry ends.

    A message can have several lines, and none but its first has a head.
    """
    text = f"\n{text}\n"  # a search that begins with a character is much faster
    heads = list(_HEAD.finditer(text))
    bounds = [head.start() for head in heads] + [len(text)]
    for head, end in zip(heads, bounds[1:], strict=True):
        losing, lost, task, pid, cpu, seconds, microseconds, event = head.groups()
        if losing is not None:
            yield Lost(int(losing), int(lost or 1))
        elif event.startswith(EVENT):
            message = event.removeprefix(EVENT) + text[head.end() : end].rstrip("\n")
            yield TraceLine(
                microseconds=int(seconds + microseconds),
                cpu=int(cpu),
                task=task,
                pid=int(pid),
                message=message.rstrip("\n"),
            )
        elif event == STACK:
            functions = text[head.end() : end].rstrip("\n").split("\n => ")[1:]
            yield Stack(int(cpu), int(pid), tuple(functions))


class Reader:
    """Picks the lines of one program, or of all, and counts what it can't show."""

    def __init__(self, program: str = "") -> None:
        self.program = program
        self.lost = 0
        self.nameless = 0
        """Lines of which can't be told who printed them."""
        self._open: defaultdict[int, list[TraceLine]] = defaultdict(list)
        """Lines whose stack hasn't come yet, of each CPU."""

    def lines(self, entries: Iterable[Entry]) -> Iterator[TraceLine]:
        for entry in entries:
            match entry:
                case Lost():
                    self.lost += entry.entries
                    self._open.pop(entry.cpu, None)
                case TraceLine() if not self.program:
                    yield entry
                case TraceLine():
                    self._open[entry.cpu] = [*self._open[entry.cpu], entry][-NESTED:]
                case Stack():
                    yield from self._told(entry)

    def _told(self, stack: Stack) -> Iterator[TraceLine]:
        """An interrupt may print between a line and its stack: the last line is told of first."""
        waiting = self._open[stack.cpu]
        if not waiting or waiting[-1].pid != stack.pid:
            return
        line, names = waiting.pop(), printers(stack.functions)
        if not names:
            self.nameless += 1
        elif any(_is(name, self.program) for name in names):
            yield line


_FUNCTION = re.compile(r"bpf_prog_[0-9a-f]{16}_(.+)")


def printers(functions: Iterable[str]) -> tuple[str, ...]:
    """The innermost program, and the functions of it, or of programs called by it, that lead to the line.

    Nobody where it has gone since: then its place in memory stands for its name.
    """
    inner = dropwhile(lambda function: not function.startswith(("bpf_prog_", "0x")), functions)
    found = takewhile(bool, map(_FUNCTION.fullmatch, inner))
    return tuple(match[1] for match in found if match)


def _is(name: str, program: str) -> bool:
    """Before version 7.0 bpftool knows long names by their beginning alone."""
    return name == program or (len(program) == SHORT and name.startswith(program))
