"""What this machine has and lacks: everything is asked at once, and nothing that fails is an error."""

import os
from collections.abc import Callable

from xdpctl.core.doctor.checks import examine
from xdpctl.core.doctor.finding import Finding
from xdpctl.core.doctor.host_facts import Bpftool, Clang, CommandAnswer, Facts, Ip
from xdpctl.core.machine import mounts
from xdpctl.errors import XdpctlError
from xdpctl.tools import bpffs, bpftool, clang, executables, host, iplink, libbpf, proc

HEADERS = ("linux/bpf.h", "bpf/bpf_helpers.h", "asm/types.h")

Asked = Callable[[], CommandAnswer]
"""A command under way; calling it waits for the answer."""


def diagnose() -> tuple[Finding, ...]:
    return examine(gather())


def gather() -> Facts:
    clang_asked, bpftool_asked, ip_asked = _ask_clang(), _ask_bpftool(), _ask_ip()
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
        clang=clang_asked(),
        bpftool=bpftool_asked(),
        ip=ip_asked(),
        libbpf=libbpf.installed(),
        skipped=executables.skipped(),
    )


def _setting(name: str) -> str | None:
    value = host.read(f"/proc/sys/{name}")
    return None if value is None else value.strip()


def _ask(*argv: str) -> Asked:
    try:
        running = proc.start(argv)
    except XdpctlError as error:
        failed = CommandAnswer(False, err=error.message)
        return lambda: failed

    def answer() -> CommandAnswer:
        try:
            result = running.result()
        except XdpctlError as error:
            return CommandAnswer(False, err=error.message)
        return CommandAnswer(result.ok, result.out.decode(errors="replace"), result.err)

    return answer


def _ask_clang() -> Callable[[], Clang | None]:
    path = executables.find("clang")
    if path is None:
        return lambda: None
    version = _ask("clang", "--version")
    for_bpf = ("clang", "-target", "bpf", *clang.asm_headers())
    compiled = _ask(*for_bpf, "-S", "-o", "-", "-x", "c", os.devnull)
    headers = {name: _ask(*for_bpf, "-M", "-include", name, "-x", "c", os.devnull) for name in HEADERS}
    return lambda: Clang(path, version(), compiled(), {name: asked() for name, asked in headers.items()})


def _ask_bpftool() -> Callable[[], Bpftool | None]:
    path = executables.find("bpftool")
    if path is None:
        return lambda: None
    version = _ask(*bpftool.command("version"))
    probe = _ask(*bpftool.command("feature", "probe", "kernel"))
    return lambda: Bpftool(path, version(), probe())


def _ask_ip() -> Callable[[], Ip | None]:
    path = executables.find("ip")
    if path is None:
        return lambda: None
    version = _ask("ip", "-V")
    links = _ask(*iplink.show_command(None))
    usage = _ask("ip", "link", "help")
    return lambda: Ip(path, version(), links(), usage())
