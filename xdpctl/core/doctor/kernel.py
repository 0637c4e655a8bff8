"""What a machine has and lacks for XDP counters: facts in, findings with their remedies out."""

import re

import msgspec

from xdpctl.core.doctor.finding import MINIMUM, Finding, _bad, _good, _note
from xdpctl.core.doctor.host_facts import Facts
from xdpctl.core.machine import answers, mounts, packages

UNCOUNTED = (5, 11)
"""Since this kernel the memory of maps isn't counted against RLIMIT_MEMLOCK."""
MULTI_BUFFER = (5, 18)
"""Since this kernel XDP programs may take packets of several buffers (`frags = true` in a spec)."""
ENOUGH_LOCKED = 1 << 20
BPFFS = "/sys/fs/bpf"


def privileges(facts: Facts) -> Finding:
    who = "root" if facts.uid == 0 else f"user {facts.uid}"
    lacking = [cap for cap in ("CAP_SYS_ADMIN", "CAP_NET_ADMIN") if cap not in facts.capabilities]
    if facts.user_namespace:
        return _bad(
            "privileges",
            f"{who} of a user namespace, which the kernel doesn't let load BPF programs",
            "run it outside of the namespace or the rootless container, with sudo",
        )
    if not lacking:
        return _good("privileges", f"{who}, with CAP_SYS_ADMIN and CAP_NET_ADMIN")
    without = f"{who}, without {' and '.join(lacking)}: can build, but not load, attach and read maps"
    if facts.uid != 0:
        return _bad("privileges", without, "run it with sudo")
    given = " ".join(f"--cap-add {cap.removeprefix('CAP_')}" for cap in lacking)
    return _bad("privileges", without, f"run it outside of the container, or start that with {given}")


def kernel(facts: Facts) -> Finding:
    minimum = ".".join(map(str, MINIMUM))
    if facts.version < MINIMUM:
        return _bad("kernel", f"{facts.kernel}, but {minimum} or newer is needed", _new_kernel(facts))
    return _good("kernel", f"{facts.kernel} ({minimum} or newer is needed)")


def _new_kernel(facts: Facts) -> str:
    command = packages.install_command("kernel", facts.os_release)
    return f"{command} && reboot" if command else "boot a newer kernel of your distribution"


def bpf(facts: Facts) -> Finding:
    if facts.has_bpf:
        return _good("bpf", "the kernel has the bpf() system call")
    return _bad("bpf", "the kernel was built without CONFIG_BPF_SYSCALL", _new_kernel(facts))


class Features(msgspec.Struct, frozen=True):
    """What `bpftool feature probe` found out by loading programs."""

    program_types: dict[str, bool]


def xdp(facts: Facts) -> Finding:
    if facts.bpftool is None or not facts.bpftool.version.ok:
        return _note("xdp", "can't be tried without bpftool")
    if not facts.trusted:
        return _note("xdp", "can't be tried without root")
    probe = facts.bpftool.probe
    try:
        loads = answers.read(probe.said.encode(), Features).program_types["have_xdp_prog_type"]
    except (ValueError, KeyError):
        return _note("xdp", f"can't be tried: {probe.reason}")
    if loads:
        return _good("xdp", "the kernel takes an XDP program")
    return _bad(
        "xdp",
        "the kernel refuses to load an XDP program",
        "boot a kernel with CONFIG_NET and CONFIG_BPF_SYSCALL; in a container, start that with --privileged",
    )


def frags(facts: Facts) -> Finding:
    if facts.version >= MULTI_BUFFER:
        return _good("frags", "specs with frags = true can be loaded")
    newer = ".".join(map(str, MULTI_BUFFER))
    return _note("frags", f"specs with frags = true need Linux {newer} or newer: they can't be loaded here")


def btf(facts: Facts) -> Finding:
    if facts.btf:
        return _good("btf", "/sys/kernel/btf/vmlinux")
    return _note(
        "btf",
        "no /sys/kernel/btf/vmlinux: counters do without, programs that read kernel structures don't",
        "boot a kernel with CONFIG_DEBUG_INFO_BTF",
    )


def jit(facts: Facts) -> Finding:
    if facts.jit in ("1", "2"):
        return _good("jit", f"on (net.core.bpf_jit_enable = {facts.jit})")
    if facts.jit is not None:
        slow = f"off (net.core.bpf_jit_enable = {facts.jit}): programs run, but several times slower"
        return _note("jit", slow, "sysctl -w net.core.bpf_jit_enable=1")
    if "CONFIG_BPF_JIT_ALWAYS_ON=y" in facts.config:
        return _good("jit", "always on in this kernel")
    if facts.config and "CONFIG_BPF_JIT=y" not in facts.config:
        return _note("jit", "this kernel has none: programs run, but several times slower")
    return _note("jit", "can't be seen: net.core.bpf_jit_enable shows only in the first network namespace")


def bpffs(facts: Facts) -> Finding:
    mount = f"mount -t bpf bpf {BPFFS}"
    here = mounts.mount_of(BPFFS, facts.mounted)
    if here.kind == "bpf" and facts.bpffs_read_only:
        return _bad("bpffs", f"{BPFFS} is read-only", f"mount -o remount,rw {BPFFS}")
    if here.kind == "bpf":
        return _good("bpffs", f"mounted at {here.point}")
    if here.point == BPFFS:
        return _bad("bpffs", f"{BPFFS} is a {here.kind}, not a bpffs", f"umount {BPFFS} && {mount}")
    if not facts.has_bpf:
        return _bad("bpffs", "the kernel doesn't know bpffs", _new_kernel(facts))
    if not facts.bpffs_directory:
        return _bad("bpffs", f"there is no directory {BPFFS}", "mount -t sysfs sysfs /sys")
    if "CAP_SYS_ADMIN" in facts.capabilities and not facts.user_namespace:
        return _good("bpffs", f"not mounted yet; `xdpctl load` mounts it at {BPFFS}")
    return _note("bpffs", "not mounted yet; `xdpctl load` does that as root", mount)


def lockdown(facts: Facts) -> Finding:
    chosen = re.search(r"\[(\w+)\]", facts.lockdown or "")
    if chosen and chosen[1] == "confidentiality":
        closed = "counters load, but bpf_printk messages and kernel memory can't be read"
        return _note("lockdown", f"confidentiality: {closed}", "boot with lockdown=integrity")
    if chosen:
        meaning = ": counters load all the same" if chosen[1] != "none" else ""
        return _good("lockdown", f"{chosen[1]}{meaning}")
    if any(mount.kind == "securityfs" for mount in facts.mounted):
        return _good("lockdown", "this kernel has none")
    return _note(
        "lockdown",
        "can't be seen: securityfs isn't mounted",
        "mount -t securityfs securityfs /sys/kernel/security",
    )


def unprivileged(facts: Facts) -> Finding:
    value = facts.unprivileged
    if value is None:
        return _note("unprivileged", "can't be seen: there is no kernel.unprivileged_bpf_disabled")
    who = "users other than root may load some programs" if value == "0" else "only root may load programs"
    return _note("unprivileged", f"{who} (kernel.unprivileged_bpf_disabled = {value})")


def memlock(facts: Facts) -> Finding | None:
    """Newer kernels don't count, so there is nothing to say."""
    limit, ceiling = facts.locked_memory
    if facts.version >= UNCOUNTED:
        return None
    if not facts.trusted:
        return _note("memlock", "root's own limit counts: can't be seen without root")
    if limit == -1 or ceiling == -1 or "CAP_SYS_RESOURCE" in facts.capabilities:
        return _good("memlock", "no limit, or one that bpftool lifts by itself")
    size = f"{limit >> 10} KiB of locked memory"
    if limit >= ENOUGH_LOCKED:
        return _good("memlock", f"{size}, enough for small maps")
    remedy = "ulimit -l unlimited; for a container, start it with --ulimit memlock=-1"
    return _bad("memlock", f"{size}, which this kernel counts maps against", remedy)


def path(facts: Facts) -> Finding | None:
    if not facts.skipped:
        return None
    entries = "; ".join(f"{entry or 'an empty entry'} ({why})" for entry, why in facts.skipped.items())
    return _note("path", f"root runs nothing from these entries of PATH: {entries}")
