"""A lab for each test: its own network and mount namespaces, its own bpffs, and a veth pair.

The namespaces live as long as a process that waits for the end of its standard input, which is a
pipe from pytest: whatever ends pytest, even SIGKILL, ends the lab with all programs, pins and devices.
"""

import functools
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

XDPCTL = str(Path(sys.executable).with_name("xdpctl"))
COMMAND = shlex.quote(XDPCTL)
"""For a shell, in a checkout of any name."""
PIN = "/sys/fs/bpf/ebpf"
PATIENCE = float(os.environ.get("XDPCTL_PATIENCE", "60"))
"""Seconds that a command may take; where processors are emulated, it needs more."""

SETUP = """
set -e
mount -t tmpfs tmpfs /run
umount -a -t bpf  # systemd mounts one on most machines
mount -t bpf bpf /sys/fs/bpf
ip netns add peer
ip link add veth0 address 02:00:00:00:00:01 type veth peer name veth1 address 02:00:00:00:00:02 netns peer
for enter in '' 'nsenter --net=/run/netns/peer'; do
    $enter sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set lo up'
done
ip -batch - <<END
addr add 10.77.0.1/24 dev veth0
link set veth0 up
neigh replace 10.77.0.2 lladdr 02:00:00:00:00:02 dev veth0 nud permanent
END
ip -n peer -batch - <<END
addr add 10.77.0.2/24 dev veth1
link set veth1 up
neigh replace 10.77.0.1 lladdr 02:00:00:00:00:01 dev veth1 nud permanent
END
echo ready
exec cat
"""

SENDER = """
import socket, sys
device, *lengths = sys.argv[1:]
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
    s.bind((device, 0))
    for length in map(int, lengths):
        s.send((bytes.fromhex("020000000001" "020000000002" "88b5") + bytes(length))[:length])
"""

Done = subprocess.CompletedProcess[str]


@functools.cache
def built() -> dict[str, bytes]:
    """By name; a build gives the same bytes in any directory, so that one is enough."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([XDPCTL, "build"], cwd=directory, capture_output=True, check=True)
        return {path.name: path.read_bytes() for path in Path(directory, "bpf").iterdir()}


@dataclass
class Lab:
    holder: subprocess.Popen[str]
    directory: Path

    def run(self, *argv: str, env: dict[str, str] | None = None, timeout: float = PATIENCE) -> Done:
        """Run a command in the lab; the test looks at its status."""
        return subprocess.run(
            self.enter(*argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, **(env or {})},
            timeout=timeout,
        )

    def enter(self, *argv: str) -> list[str]:
        pid = str(self.holder.pid)
        return ["nsenter", "-t", pid, "-m", "-n", f"--wd={self.directory}", *argv]

    def must(self, *argv: str, env: dict[str, str] | None = None) -> str:
        """Run a command that has to succeed; returns what it printed."""
        done = self.run(*argv, env=env)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def xdpctl(self, *arguments: str, env: dict[str, str] | None = None) -> Done:
        done = self.run(XDPCTL, *arguments, env=env)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def ok(self, *arguments: str) -> str:
        """An xdpctl command that has to succeed."""
        done = self.xdpctl(*arguments)
        assert done.returncode == 0, f"xdpctl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, code: int, words: str, *arguments: str, env: dict[str, str] | None = None) -> str:
        """An xdpctl command that fails with this code and these words, and changes nothing."""
        before = self.state()
        done = self.xdpctl(*arguments, env=env)
        assert done.returncode == code, done.stdout + done.stderr
        assert words in done.stderr
        assert self.state() == before
        return done.stderr

    def build(self) -> None:
        """What `xdpctl build` writes, for tests that need just any program."""
        (self.directory / "bpf").mkdir(exist_ok=True)
        for name, content in built().items():
            (self.directory / "bpf" / name).write_bytes(content)

    def load_spec(self, spec: str, mode: str = "native") -> None:
        """A spec, built and running on veth0."""
        (self.directory / "spec.toml").write_text(spec)
        self.ok("build", "spec.toml")
        self.ok("load", "--dev", "veth0", "--mode", mode)

    def read(self, name: str, *options: str) -> dict[str, Any]:
        """All that is said of a map."""
        said: dict[str, Any] = json.loads(self.ok("dump", name, "--json", *options))
        return said

    def dump(self, name: str = "pkt_cnt", *options: str) -> dict[Any, Any]:
        """The content of a map: keys (as text where they are objects) to values."""
        return {entry["key"]: entry["value"] for entry in self.read(name, *options)["entries"]}

    def send(self, lengths: Sequence[int]) -> None:
        """Frames of these lengths from the peer to veth0."""
        inside = ("nsenter", "--net=/run/netns/peer", sys.executable, "-c", SENDER)
        self.must(*inside, "veth1", *map(str, lengths))

    def ping(self, count: int) -> None:
        inside = ("nsenter", "--net=/run/netns/peer")
        self.must(*inside, "ping", "-q", "-c", str(count), "-i", "0.02", "10.77.0.1")

    @contextmanager
    def trace(self) -> Iterator[str]:
        """The path of a trace log that no other reader empties; it holds what programs print."""
        instance = f"/sys/kernel/tracing/instances/xdpctl-test-{os.getpid()}"
        self.must("mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing")
        self.must("mkdir", "-p", instance)
        try:
            self.must("sh", "-c", f"echo 1 > {instance}/events/bpf_trace/bpf_trace_printk/enable")
            yield f"{instance}/trace"
        finally:
            self.must("rmdir", instance)

    def link(self, device: str = "veth0") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.must("ip", "-j", "-d", "link", "show", "dev", device))[0]
        return found

    def attached(self, device: str = "veth0") -> list[tuple[int, int]]:
        """(mode, program id) of what runs on a device."""
        return [(a["mode"], a["prog"]["id"]) for a in self.link(device).get("xdp", {}).get("attached", [])]

    def pins(self) -> list[str]:
        found = self.must("find", "/sys/fs/bpf", "-mindepth", "1", "-not", "-name", "*.debug")
        return sorted(found.split())

    def state(self) -> tuple[object, ...]:
        """All that a command which fails must leave as it was."""
        built = {str(p): p.read_bytes() for p in self.directory.rglob("*") if p.is_file()}
        return self.pins(), self.attached(), built, self.must("cat", "/proc/self/mounts")

    def program_exists(self, program_id: int) -> bool:
        return self.run("bpftool", "prog", "show", "id", str(program_id)).returncode == 0

    def compile(self, name: str, code: str) -> Path:
        """A C file of a student, built by xdpctl."""
        source = self.directory / f"{name}.c"
        source.write_text(code)
        self.ok("build", source.name)
        return self.directory / f"bpf/{name}.bpf.o"


def until(begun: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Waits for what a process is to do, and leaves the CPU to it."""
    while not begun():
        assert process.poll() is None
        time.sleep(0.01)


def unavailable() -> str:
    """Why kernel tests can't run here; empty where they can."""
    if os.geteuid() != 0:
        return "kernel tests need root"
    for program in ("clang --version", "bpftool version", "ip -V", "ping -V", "unshare -V", "nsenter -V"):
        if subprocess.run(["sh", "-c", program], capture_output=True).returncode:
            return f"`{program}` fails"
    probe = subprocess.run(
        ["unshare", "-m", "-n", "mount", "-t", "bpf", "bpf", "/sys/fs/bpf"], capture_output=True
    )
    return probe.stderr.decode().strip()


@pytest.fixture(scope="session")
def kernel() -> None:
    if why := unavailable():
        if os.environ.get("XDPCTL_REQUIRE_KERNEL") == "1":
            pytest.fail(f"XDPCTL_REQUIRE_KERNEL=1, but {why}")
        pytest.skip(why)


@pytest.fixture
def lab(kernel: None, tmp_path: Path) -> Iterator[Lab]:
    command = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", SETUP]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        said = holder.stdout.readline()
        assert said == "ready\n", said + holder.stdout.read()
        work = tmp_path / "work"
        work.mkdir()
        yield Lab(holder, work)
        holder.stdin.close()
        holder.wait(10)
