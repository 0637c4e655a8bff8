"""What this process may do, and what the kernel's own files say of this machine."""

import os
import platform
import resource
import time
from pathlib import Path

from xdpctl.errors import NotPermitted

CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_SYS_RESOURCE, CAP_BPF = 12, 21, 24, 39
CAPABILITIES = {
    "CAP_NET_ADMIN": CAP_NET_ADMIN,
    "CAP_SYS_ADMIN": CAP_SYS_ADMIN,
    "CAP_SYS_RESOURCE": CAP_SYS_RESOURCE,
    "CAP_BPF": CAP_BPF,
}
"""Those that matter to BPF, by name."""


def capabilities() -> int:
    """The bits of the capabilities that are in effect."""
    for line in (read("/proc/self/status") or "").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def has(capability: int) -> bool:
    return bool(capabilities() >> capability & 1)


def privileged() -> bool:
    """Root, as far as the kernel asks for it: CAP_BPF loads programs, but doesn't let list them."""
    return has(CAP_SYS_ADMIN)


def require_privileges() -> None:
    if not privileged():
        raise NotPermitted(
            "this needs root (or CAP_SYS_ADMIN)", "run it with sudo; `xdpctl doctor` tells more"
        )


def in_user_namespace() -> bool:
    """Whether this process lives in a user namespace of its own, where root isn't the kernel's root."""
    mapped = read("/proc/self/uid_map")
    return mapped is not None and mapped.split() != ["0", "0", "4294967295"]


def stay_on_one_cpu() -> int:
    """This process and those that it starts run on one CPU from here on: which it is."""
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return cpu


def read(path: str) -> str | None:
    """A file of the kernel; None where there is none, or none for us."""
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return None


def kernel() -> str:
    """The running kernel, as `uname -r` has it."""
    return platform.release()


def kernel_config() -> str:
    """How the running kernel was configured; empty where nothing tells."""
    import gzip

    try:
        return gzip.decompress(Path("/proc/config.gz").read_bytes()).decode(errors="replace")
    except OSError:
        places = (f"/boot/config-{kernel()}", f"/lib/modules/{kernel()}/config")
        return next((text for text in map(read, places) if text), "")


def locked_memory() -> tuple[int, int]:
    """The limit of locked memory in bytes, and how far it can be raised; -1 for no limit."""
    return resource.getrlimit(resource.RLIMIT_MEMLOCK)


def read_only(directory: str) -> bool:
    try:
        return bool(os.statvfs(directory).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def cpu_seconds() -> tuple[float, float]:
    """How long the CPUs were busy since the machine was started, and how long there were CPUs."""
    line = (read("/proc/stat") or "cpu").partition("\n")[0]
    ticks = [int(word) for word in line.split()[1:9]]  # user nice system idle iowait irq softirq steal
    per_second = os.sysconf("SC_CLK_TCK")
    return sum(ticks[:3] + ticks[5:]) / per_second, sum(ticks) / per_second


def seconds_of_children() -> float:
    """The CPU time of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_seconds() -> float:
    """The CPU time of this process and of those that it started."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime + seconds_of_children()


def cpus() -> tuple[int, ...]:
    """The CPUs that this process may use."""
    return tuple(sorted(os.sched_getaffinity(0)))


def boot_time() -> int:
    """When the clock of the kernel's programs began, in nanoseconds since 1970."""
    return time.time_ns() - time.monotonic_ns()


def possible_cpus() -> int:
    """For how many CPUs the kernel keeps values, whether they are there or not."""
    ranges = (read("/sys/devices/system/cpu/possible") or "0").strip().split(",")
    ends = [part.split("-") for part in ranges]
    return sum(int(last) - int(first) + 1 for first, *_, last in (end * 2 for end in ends))
