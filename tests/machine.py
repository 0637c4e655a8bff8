"""A made-up machine with a fresh checkout: a directory of programs that only say that they were called."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]

REAL = "sh cat chmod cksum cp cut dirname env find grep ln mkdir rm rmdir sed tail touch tr".split()
"""What every system has."""

NEEDED = {
    "clang": "clang",
    "llvm-objdump": "llvm",
    "bpftool": "bpftool",
    "ip": "iproute2",
    "ping": "iputils-ping",
}

BASE = {"mount": "mount", "unshare": "util-linux", "sysctl": "procps"}
"""What only the smallest systems lack."""

PYTHON = """\
case "$*" in
    --version) echo "Python 3.$minor.0" ;;
    *version_info*) [ "$minor" -ge 11 ] ;;
    *ensurepip*) [ -e "$system/ensurepip" ] ;;
    *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    *tomllib*) echo "typer>=0.26"; echo "pytest" ;;
    *"-m pip"*) echo "pip $*" >>"$system/log"; [ ! -e "$system/offline" ] || {
        echo "WARNING: Retrying"; echo "ERROR: No matching distribution found for typer"; exit 1; }
        installed=.venv/lib/python3.$minor/site-packages
        case "$*" in *--editable*) mkdir -p $installed; touch $installed/xdpctl_templates ;; esac ;;
    templates/compile.py) echo "compiled" >>"$system/log" ;;
esac
"""

APT_GET = """\
echo "apt-get $*" >>"$system/log"
[ ! -e "$system/offline" ] || { echo "E: Unable to fetch some archives" >&2; exit 100; }
case "$*" in *" install "*) ;; *) exit 0 ;; esac
for name; do
    case $name in
        llvm) name=llvm-objdump ;;
        iproute2) name=ip ;;
        iputils-ping) name=ping ;;
        util-linux) name=unshare ;;
        procps) name=sysctl ;;
        libbpf-dev) mkdir -p "$system/usr/include/bpf"; touch "$system/usr/include/bpf/bpf_helpers.h" ;;
        python3) cp "$system/a-python" "$system/bin/python3"; continue ;;
        python3-venv) touch "$system/ensurepip" ;;
        linux-tools-*) mkdir -p "$system/usr/lib/$name"; name=../usr/lib/$name/bpftool ;;
        clang | bpftool | mount) ;;
        *) continue ;;
    esac
    printf '#!/bin/sh\\n' >"$system/bin/$name"
    chmod +x "$system/bin/$name"
done
"""

WRAPPER = 'echo "WARNING: bpftool not found for kernel 6.8.0-45" >&2; exit 2'


@dataclass(frozen=True)
class Machine:
    """A system in a directory, with a checkout; PATH holds nothing else."""

    system: Path
    checkout: Path

    def program(self, path: str, script: str = "", **variables: object) -> None:
        file = self.system / path
        file.parent.mkdir(parents=True, exist_ok=True)
        settings = {"system": self.system, **variables}
        lines = [f"{name}='{value}'" for name, value in settings.items()]
        file.unlink(missing_ok=True)
        file.write_text("\n".join(["#!/bin/sh", *lines, script, ""]))
        file.chmod(0o755)

    def without(self, *paths: str) -> None:
        for path in paths:
            (self.system / path).unlink()

    def setup(self, *first_in_path: Path) -> subprocess.CompletedProcess[str]:
        path = ":".join(map(str, (*first_in_path, self.system / "bin")))
        return subprocess.run(
            [self.checkout / ".ci" / "setup"],
            env={"PATH": path, "SETUP_SYSTEM": str(self.system)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def log(self) -> list[str]:
        """The calls of apt-get, sudo and pip since the last look."""
        path = self.system / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def installed(self) -> list[str]:
        """The packages that apt-get was asked for."""
        (line,) = [line for line in self.log() if line.startswith("apt-get") and " install " in line]
        return [word for word in line.split("install ")[1].split() if not word.startswith("-")]

    def is_a(self, os_release: str) -> None:
        (self.system / "etc" / "os-release").write_text(os_release)
