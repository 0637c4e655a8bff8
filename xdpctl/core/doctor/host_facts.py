"""What there is to know of a machine before it is judged: what its kernel and its tools say."""

import re
from collections.abc import Mapping

from msgspec import Struct

from xdpctl.core.machine import mounts, packages

LONGEST = 200
"""Characters of a reason."""


def version_of(text: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    found = re.search(r"(\d{1,9})\.(\d{1,9})", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


class CommandAnswer(Struct, frozen=True):
    """What a command said."""

    ok: bool
    out: str = ""
    err: str = ""

    @property
    def said(self) -> str:
        """Nothing where it failed, whatever it printed before that."""
        return self.out if self.ok else ""

    @property
    def reason(self) -> str:
        """The first line of why it failed; bpftool gives it as JSON."""
        in_json = re.match(r'\[?{"error":\s*"([^"]*)"', self.out)
        lines = [in_json[1]] if in_json else (self.err.strip() or self.out.strip()).splitlines()
        return lines[0][:LONGEST] if lines else "it gives no reason"


class Clang(Struct, frozen=True):
    path: str
    version: CommandAnswer
    compiled: CommandAnswer
    headers: Mapping[str, CommandAnswer]
    """For each header, all files that including it reads."""


class Bpftool(Struct, frozen=True):
    path: str
    version: CommandAnswer
    probe: CommandAnswer


class Ip(Struct, frozen=True):
    path: str
    version: CommandAnswer
    links: CommandAnswer
    help: CommandAnswer


class Facts(Struct, frozen=True):
    os_release: str
    kernel: str
    config: str
    """How the kernel was configured; empty where nothing tells."""
    uid: int
    capabilities: frozenset[str]
    user_namespace: bool
    filesystems: frozenset[str]
    """The kinds that the kernel knows; none where /proc isn't mounted."""
    mounted: tuple[mounts.Mount, ...]
    bpffs_directory: bool
    bpffs_read_only: bool
    btf: bool
    jit: str | None
    lockdown: str | None
    unprivileged: str | None
    locked_memory: tuple[int, int]
    """The limit in bytes and how far it can be raised; -1 for no limit."""
    clang: Clang | None = None
    bpftool: Bpftool | None = None
    ip: Ip | None = None
    libbpf: str = ""
    """The shared library that is installed, if any."""
    skipped: Mapping[str, str] = {}
    """Entries of PATH from which root runs nothing, and why."""

    @property
    def has_bpf(self) -> bool:
        """Each of these comes with CONFIG_BPF_SYSCALL, and can be seen by everybody."""
        return "bpf" in self.filesystems or self.unprivileged is not None

    @property
    def version(self) -> tuple[int, ...]:
        return version_of(self.kernel)

    @property
    def trusted(self) -> bool:
        """Whether the kernel lets this process load programs and look for those of others."""
        return "CAP_SYS_ADMIN" in self.capabilities and not self.user_namespace

    def install(self, program: str) -> str:
        """The command that installs it, or words where this distribution isn't known."""
        command = packages.install_command(program, self.os_release)
        return command or packages.install_hint(program, self.os_release)
