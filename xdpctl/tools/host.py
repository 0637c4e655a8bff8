"""What this process may do."""

from pathlib import Path

from xdpctl.errors import HostLacks

CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_BPF = 12, 21, 39


def capabilities() -> int:
    """The bits of the capabilities that are in effect."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def has(capability: int) -> bool:
    return bool(capabilities() >> capability & 1)


def privileged() -> bool:
    """Root, or what the kernel asks of others who load BPF programs and attach them."""
    return has(CAP_SYS_ADMIN) or (has(CAP_BPF) and has(CAP_NET_ADMIN))


def require_privileges() -> None:
    if not privileged():
        raise HostLacks("this needs root (or CAP_SYS_ADMIN)", "run it with sudo; `xdpctl doctor` tells more")
