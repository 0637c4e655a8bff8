"""Which package holds a program, and how this distribution installs it."""

INSTALL = {
    "debian": "apt-get install",
    "fedora": "dnf install",
    "arch": "pacman -S",
    "alpine": "apk add",
}

PACKAGES = {
    "debian": {
        "clang": "clang",
        "llvm-objdump": "llvm",
        "headers": "libbpf-dev",
        "bpftool": "bpftool",
        "ip": "iproute2",
        "ping": "iputils-ping",
    },
    "fedora": {
        "clang": "clang",
        "llvm-objdump": "llvm",
        "headers": "libbpf-devel",
        "bpftool": "bpftool",
        "ip": "iproute",
        "ping": "iputils",
    },
    "arch": {
        "clang": "clang",
        "llvm-objdump": "llvm",
        "headers": "libbpf",
        "bpftool": "bpf",
        "ip": "iproute2",
        "ping": "iputils",
    },
    "alpine": {
        "clang": "clang",
        "llvm-objdump": "llvm",
        "headers": "libbpf-dev linux-headers",
        "bpftool": "bpftool",
        "ip": "iproute2",
        "ping": "iputils",
    },
}


def family(os_release: str) -> str | None:
    """The family of a distribution, from the text of /etc/os-release."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    names = [fields.get("ID", ""), *fields.get("ID_LIKE", "").strip("\"'").split()]
    if "ubuntu" in (name.strip("\"'") for name in names):
        return "ubuntu"
    known = (name.strip("\"'") for name in names)
    return next((name for name in known if name in INSTALL), None)


def package(program: str, os_release: str) -> str | None:
    """The package with this program; on Ubuntu bpftool comes with the kernel's own tools."""
    distribution = family(os_release)
    if distribution == "ubuntu":
        return "linux-tools-$(uname -r)" if program == "bpftool" else PACKAGES["debian"].get(program)
    return PACKAGES.get(distribution or "", {}).get(program)


def install_hint(program: str, os_release: str) -> str:
    """The command that installs this program here."""
    name = package(program, os_release)
    distribution = family(os_release)
    if name is None or distribution is None:
        return f"install {program} with your distribution's package manager"
    command = INSTALL["debian" if distribution == "ubuntu" else distribution]
    return f"install it: {command} {name}"
