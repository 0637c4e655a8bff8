"""tracefs: the kernel's trace logs. An instance is a log of its own, which takes nothing from others."""

import os
import re
import select
import time
from collections.abc import Iterable
from types import TracebackType

from xdpctl.core.machine import mounts
from xdpctl.core.machine.model import Argv
from xdpctl.core.plan.plan import Plan, step
from xdpctl.errors import HostLacks, Refused
from xdpctl.tools import bpffs, host, mountns, proc

ROOT = "/sys/kernel/tracing"
INSTANCE = "xdpctl-trace-"
PRINTED = "events/bpf_trace/bpf_trace_printk"
DROPPED = "events/xdp/xdp_exception"
CLOCK = "mono"
"""That of bpf_ktime_get_ns, which can be told as a time of day."""
AT_MOST = 1 << 18
"""So many bytes are read before they are looked at."""
LOOK = 0.2
"""Seconds after which a log is looked at unasked: some kernels wake a reader when it is half full."""

_ON = ("context-info", "overwrite")
_OFF = "bin fields hex latency-format raw record-tgid sym-addr sym-offset userstacktrace verbose".split()
"""Options that a new instance inherits from whoever traces already; not every kernel has them all."""


MOUNTING: Plan = (
    step("enter a mount namespace of its own, which the mount ends with", mountns.ENTER_BELOW),
    step(f"mount tracefs at {ROOT}", ("mount", "-t", "tracefs", "tracefs", ROOT)),
)


def mounted() -> str | None:
    """Where tracefs can be seen."""
    seen = bpffs.mounted()
    points = [m.point for m in seen if mounts.mount_of(m.point, seen).kind == "tracefs"]
    return ROOT if ROOT in points else next(iter(points), None)


def instance(root: str, pid: int) -> str:
    return f"{root}/instances/{INSTANCE}{pid}"


def preparing(directory: str, stacks: bool) -> Plan:
    return (
        step("make a trace log of its own", ("mkdir", directory)),
        step("have it take what BPF programs print", prepare_command(directory, stacks)),
    )


def reading(directory: str) -> Plan:
    """The same as `Pipe`, and `remove`."""
    return (
        step("read it", ("cat", f"{directory}/trace_pipe")),
        step("remove it", ("rmdir", directory)),
    )


def remove(directory: str) -> proc.Result:
    return bpffs.act(("rmdir", directory))


def prepare_command(directory: str, stacks: bool, event: str = PRINTED, only: str = "") -> Argv:
    """Has an instance take what BPF programs print, or another event, and each time which functions ran."""
    off = _OFF if stacks else [*_OFF, "stacktrace"]
    on = [*_ON, "stacktrace"] if stacks else _ON
    choosing = f" && echo '{only}' >{event}/filter" if only else ""
    script = (
        f"cd {directory} && echo {CLOCK} >trace_clock && echo 0 >buffer_percent"
        f" && {_set_options(0, off)} && {_set_options(1, on)}{choosing} && echo 1 >{event}/enable"
    )
    return ("sh", "-c", script)


def _set_options(value: int, names: Iterable[str]) -> str:
    there = "[ ! -e options/$option ]"
    return f"for option in {' '.join(names)}; do {there} || echo {value} >options/$option || exit; done"


def check(root: str) -> None:
    """The trace log is there, and isn't closed by the kernel's lockdown."""
    if os.path.exists(f"{root}/{PRINTED}"):
        return
    if "[confidentiality]" in (host.read("/sys/kernel/security/lockdown") or ""):
        raise HostLacks("the kernel's lockdown closes its trace log", "boot with lockdown=integrity")
    raise HostLacks(
        "this kernel has no trace log of what BPF programs print", "boot one with CONFIG_BPF_EVENTS"
    )


def gives_instances(root: str) -> bool:
    return os.path.isdir(f"{root}/instances")


def leftovers(root: str) -> tuple[str, ...]:
    """Instances of processes that were killed before they could remove them; perhaps one had our number."""
    named = (re.fullmatch(rf"{INSTANCE}(\d+)", name) for name in bpffs.entries(f"{root}/instances"))
    pids = [int(match[1]) for match in named if match]
    return tuple(
        instance(root, pid) for pid in pids if pid == os.getpid() or not os.path.exists(f"/proc/{pid}")
    )


def switched_off(directory: str) -> str:
    """The file by which a log is switched off, if it is."""
    switch = f"{directory}/tracing_on"
    return switch if (host.read(switch) or "").strip() == "0" else ""


class Pipe:
    """Reads a log to its end, and on, until nobody wants it: `wanted` is where it is written to."""

    def __init__(self, directory: str, wanted: int) -> None:
        path = f"{directory}/trace_pipe"
        proc.shown(("cat", path))
        try:
            self._pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Refused(f"{path} can't be read: {error.strerror}") from error
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._poll.register(wanted, 0)
        self._wanted = wanted

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        os.close(self._pipe)

    def read(self) -> str | None:
        """Whole entries, as soon as there are some; nothing after a while; None when nobody reads on."""
        ready = dict(self._poll.poll(LOOK * 1000))
        if self._wanted in ready:
            return None
        chunks: list[bytes] = []
        while sum(map(len, chunks)) < AT_MOST:
            try:
                chunk = os.read(self._pipe, 1 << 16)
            except BlockingIOError:
                break
            if not chunk:
                time.sleep(LOOK)  # the log is switched off, and says so at once, again and again
                break
            chunks.append(chunk)
        return b"".join(chunks).decode(errors="backslashreplace")
