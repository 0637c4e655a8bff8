"""What this machine has and lacks: everything is asked at once, and nothing that fails is an error."""

import os

from xdpctl.core.doctor.checks import examine
from xdpctl.core.doctor.finding import Finding
from xdpctl.core.doctor.host_facts import Facts
from xdpctl.core.machine import mounts
from xdpctl.tools import bpffs, executables, host, libbpf, self_reports


def diagnose() -> tuple[Finding, ...]:
    return examine(gather())


def gather() -> Facts:
    clang, bpftool, ip = self_reports.clang(), self_reports.bpftool(), self_reports.ip()
    return Facts(
        os_release=executables.os_release(),
        kernel=host.kernel(),
        config=host.kernel_config(),
        uid=os.geteuid(),
        capabilities=frozenset(name for name, bit in host.CAPABILITIES.items() if host.has(bit)),
        user_namespace=host.in_user_namespace(),
        filesystems=frozenset((host.read("/proc/filesystems") or "").split()),
        mounted=mounts.parse(host.read("/proc/self/mountinfo") or ""),
        bpffs_directory=os.path.isdir(bpffs.ROOT),
        bpffs_read_only=host.read_only(bpffs.ROOT),
        btf=os.path.exists("/sys/kernel/btf/vmlinux"),
        jit=_setting("net/core/bpf_jit_enable"),
        lockdown=host.read("/sys/kernel/security/lockdown"),
        unprivileged=_setting("kernel/unprivileged_bpf_disabled"),
        locked_memory=host.locked_memory(),
        clang=clang(),
        bpftool=bpftool(),
        ip=ip(),
        libbpf=libbpf.installed(),
        skipped=executables.skipped(),
    )


def _setting(name: str) -> str | None:
    value = host.read(f"/proc/sys/{name}")
    return None if value is None else value.strip()
