"""What a machine has and lacks for XDP counters: facts in, findings with their remedies out."""

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec
from msgspec import Struct

from xdpctl.core.facts import Facts, version_of
from xdpctl.core.machine import answers, mounts, packages
from xdpctl.core.machine.model import Device

MINIMUM = (5, 10)
"""The oldest kernel, and the oldest bpftool of its kind, that can tell which programs are ours: it keeps a
program's constants with it (BPF_PROG_BIND_MAP)."""
UNCOUNTED = (5, 11)
"""Since this kernel the memory of maps isn't counted against RLIMIT_MEMLOCK."""
MULTI_BUFFER = (5, 18)
"""Since this kernel XDP programs may take packets of several buffers (`frags = true` in a spec)."""
ENOUGH_LOCKED = 1 << 20
BPFFS = "/sys/fs/bpf"


class State(StrEnum):
    GOOD = "good"
    BAD = "bad"
    """Something needed is missing."""
    NOTE = "note"
    """Good to know: xdpctl works without it, or it can't be seen from here."""


class Finding(Struct, frozen=True):
    name: str
    state: State
    found: str
    remedy: str = ""


def examine(facts: Facts) -> tuple[Finding, ...]:
    """All findings, the most basic first."""
    if not facts.filesystems:
        return (
            _bad("proc", "/proc isn't mounted: nothing can be judged without it", "mount -t proc proc /proc"),
        )
    return tuple(found for check in CHECKS if (found := check(facts)) is not None)


def healthy(findings: Iterable[Finding]) -> bool:
    return all(finding.state is not State.BAD for finding in findings)


def _good(name: str, found: str) -> Finding:
    return Finding(name, State.GOOD, found)


def _bad(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, State.BAD, found, remedy)


def _note(name: str, found: str, remedy: str = "") -> Finding:
    return Finding(name, State.NOTE, found, remedy)


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


def libbpf(facts: Facts) -> Finding:
    if facts.libbpf:
        return _good("libbpf", f"{facts.libbpf}, which reads large maps in batches")
    without = "not installed: large maps are read by bpftool, and no single CPU's value can be written"
    return _note("libbpf", without, facts.install("libbpf"))


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


def clang(facts: Facts) -> Finding:
    found, remedy = facts.clang, facts.install("clang")
    if found is None:
        return _bad("clang", "not installed", remedy)
    version = re.search(r"version (\S+)", found.version.out)
    if version is None:
        return _bad("clang", f"{found.path} fails: {found.version.reason}", remedy)
    name = f"{version[1]} ({found.path})"
    if not found.compiled.ok:
        return _bad("clang", f"{name} can't compile for BPF: {found.compiled.reason}", remedy)
    return _good("clang", f"{name}, compiles for BPF")


def headers(facts: Facts) -> Finding:
    if facts.clang is None or not facts.clang.compiled.ok:
        return _note("headers", "can't be looked for without clang")
    missing = [name for name, answer in facts.clang.headers.items() if not answer.ok]
    if missing:
        return _bad("headers", f"clang doesn't find {', '.join(missing)}", facts.install("headers"))
    places = (re.search(rf"\S*/{re.escape(name)}", a.out) for name, a in facts.clang.headers.items())
    return _good("headers", ", ".join(place[0] for place in places if place))


class BpftoolVersion(msgspec.Struct, frozen=True):
    version: str
    libbpf_version: str = ""


def bpftool(facts: Facts) -> Finding:
    found, remedy = facts.bpftool, facts.install("bpftool")
    if found is None:
        return _bad("bpftool", "not installed", remedy)
    if "not found for kernel" in found.version.err:
        wrapper = f"{found.path} is a wrapper that has no bpftool for kernel {facts.kernel}"
        return _bad("bpftool", wrapper, packages.wrapper_remedy(facts.os_release, facts.kernel) or remedy)
    try:
        version = answers.read(found.version.said.encode(), BpftoolVersion)
    except ValueError:
        return _bad("bpftool", f"{found.path} fails: {found.version.reason}", remedy)
    name = f"{version.version} ({found.path})"
    if version_of(version.version) < MINIMUM:
        return _bad("bpftool", f"{name} is too old", remedy)
    return _good(
        "bpftool", f"{name} with libbpf {version.libbpf_version}" if version.libbpf_version else name
    )


def iproute2(facts: Facts) -> Finding:
    found, remedy = facts.ip, facts.install("ip")
    if found is None:
        return _bad("iproute2", "not installed", remedy)
    version = re.search(r"iproute2-(?:ss)?([^\s,]+)", found.version.out)
    if version is None:
        return _bad("iproute2", f"{found.path} is another ip: {found.version.reason}", remedy)
    name = f"{version[1]} ({found.path})"
    try:
        answers.read(found.links.said.encode(), tuple[Device, ...])
    except ValueError:
        return _bad("iproute2", f"{name} doesn't print JSON: {found.links.reason}", remedy)
    if "xdpgeneric" not in found.help.out + found.help.err:
        return _bad("iproute2", f"{name} is too old to know XDP", remedy)
    return _good("iproute2", f"{name}, with JSON and XDP")


def path(facts: Facts) -> Finding | None:
    if not facts.skipped:
        return None
    entries = "; ".join(f"{entry or 'an empty entry'} ({why})" for entry, why in facts.skipped.items())
    return _note("path", f"root runs nothing from these entries of PATH: {entries}")


CHECKS = (
    privileges,
    kernel,
    bpf,
    xdp,
    frags,
    btf,
    jit,
    bpffs,
    lockdown,
    unprivileged,
    memlock,
    clang,
    headers,
    bpftool,
    libbpf,
    iproute2,
    path,
)
