"""Which package holds a program, and how this distribution installs it."""

import re

INSTALL = {
    "debian": "apt-get install",
    "ubuntu": "apt-get install",
    "fedora": "dnf install",
    "arch": "pacman -S",
    "alpine": "apk add",
}

_DEBIAN = {
    "clang": "clang",
    "llvm-objdump": "llvm",
    "headers": "libbpf-dev linux-libc-dev",
    "bpftool": "bpftool",
    "libbpf": "libbpf-dev",
    "ip": "iproute2",
    "ping": "iputils-ping",
    "taskset": "util-linux",
    "kernel": "linux-image-$(dpkg --print-architecture)",
}
_KERNELS_OWN_TOOLS = "linux-tools-$(uname -r)"

PACKAGES = {
    "debian": _DEBIAN,
    "ubuntu": {
        **_DEBIAN,
        "bpftool": _KERNELS_OWN_TOOLS,
        "kernel": "linux-generic-hwe-$(lsb_release -rs)",
    },
    "fedora": {
        **_DEBIAN,
        "headers": "libbpf-devel kernel-headers",
        "libbpf": "libbpf",
        "ip": "iproute",
        "ping": "iputils",
        "kernel": "kernel",
    },
    "arch": {
        **_DEBIAN,
        "headers": "libbpf linux-api-headers",
        "libbpf": "libbpf",
        "bpftool": "bpf",
        "ping": "iputils",
        "kernel": "linux",
    },
    "alpine": {
        **_DEBIAN,
        "headers": "libbpf-dev linux-headers",
        "libbpf": "libbpf",
        "ping": "iputils",
        "kernel": "linux-lts",
    },
}
"""What each distribution calls it, where that isn't what Debian calls it."""


def family(os_release: str) -> str | None:
    """The family of a distribution, from the text of /etc/os-release."""
    names = [_field("ID", os_release), *_field("ID_LIKE", os_release).split()]
    if "ubuntu" in names:  # its own derivatives name Debian too, in whatever order
        return "ubuntu"
    return next((name for name in names if name in INSTALL), None)


def install_command(program: str, os_release: str) -> str | None:
    """The command that installs this program here, as a line for a root shell."""
    distribution = family(os_release)
    if distribution is None or program not in PACKAGES[distribution]:
        return None
    package = PACKAGES[distribution][program]
    if package == _KERNELS_OWN_TOOLS and _has_own_bpftool(os_release):
        package = "bpftool"
    return f"{INSTALL[distribution]} {package}"


def install_hint(program: str, os_release: str) -> str:
    """What to do to have this program here."""
    command = install_command(program, os_release)
    if command is None:
        return f"install {program} with your distribution's package manager"
    return f"install it: {command}"


def wrapper_remedy(os_release: str, kernel: str) -> str | None:
    """What mends a bpftool that looks for a twin made for the running kernel, and finds none."""
    foreign = not re.fullmatch(r"\d+\.\d+\.\d+-\d+-[a-z][a-z0-9-]*", kernel)
    if family(os_release) == "ubuntu" and foreign and not _has_own_bpftool(os_release):
        # WSL, containers, kernels of one's own: there is no linux-tools package of that name
        newest = '"$(ls -d /usr/lib/linux-tools/*/bpftool | tail -n 1)"'
        return f"apt-get install linux-tools-generic && ln -sf {newest} /usr/local/sbin/bpftool"
    return install_command("bpftool", os_release)


def _has_own_bpftool(os_release: str) -> bool:
    """Since 25.10 bpftool is a package of its own on Ubuntu, for all kernels."""
    version = re.match(r"(\d+)\.(\d+)", _field("VERSION_ID", os_release))
    own = _field("ID", os_release) == "ubuntu"  # a derivative counts its versions otherwise
    return own and version is not None and (int(version[1]), int(version[2])) >= (25, 10)


def _field(name: str, os_release: str) -> str:
    found = re.search(rf"^{name}=(.*)$", os_release, re.M)
    return found[1].strip().strip("\"'") if found else ""
