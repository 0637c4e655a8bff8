"""What clang, bpftool and ip tell of themselves: asked all at once, and nothing that fails is an error."""

import os
from collections.abc import Callable

from xdpctl.core.doctor.host_facts import Bpftool, Clang, CommandAnswer, Ip
from xdpctl.errors import XdpctlError
from xdpctl.tools import executables, proc
from xdpctl.tools.bpftool import command
from xdpctl.tools.clang import asm_headers
from xdpctl.tools.iplink import show_command

HEADERS = ("linux/bpf.h", "bpf/bpf_helpers.h", "asm/types.h")

Asked = Callable[[], CommandAnswer]
"""A command under way; calling it waits for the answer."""


def clang() -> Callable[[], Clang | None]:
    path = executables.find("clang")
    if path is None:
        return lambda: None
    version = _ask("clang", "--version")
    for_bpf = ("clang", "-target", "bpf", *asm_headers())
    compiled = _ask(*for_bpf, "-S", "-o", "-", "-x", "c", os.devnull)
    headers = {name: _ask(*for_bpf, "-M", "-include", name, "-x", "c", os.devnull) for name in HEADERS}
    return lambda: Clang(path, version(), compiled(), {name: asked() for name, asked in headers.items()})


def bpftool() -> Callable[[], Bpftool | None]:
    path = executables.find("bpftool")
    if path is None:
        return lambda: None
    version = _ask(*command("version"))
    probe = _ask(*command("feature", "probe", "kernel"))
    return lambda: Bpftool(path, version(), probe())


def ip() -> Callable[[], Ip | None]:
    path = executables.find("ip")
    if path is None:
        return lambda: None
    version = _ask("ip", "-V")
    links = _ask(*show_command(None))
    usage = _ask("ip", "link", "help")
    return lambda: Ip(path, version(), links(), usage())


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
