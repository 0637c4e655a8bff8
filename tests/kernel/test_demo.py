"""`make demo` on the real kernel: it counts exactly, and however it ends it leaves nothing."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from xdpctl.tools import bpftool, proc

DEMO = Path(__file__).parents[1] / "demo.sh"
LACKS = 3
PATIENCE = 10.0
"""Seconds that the kernel may take to free a namespace and what is in it."""


def unable(reason: str) -> None:
    if os.environ.get("XDPCTL_REQUIRE_KERNEL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        unable("the demo needs root")


@pytest.fixture
def demo() -> Iterator[subprocess.Popen[str]]:
    """The demo under way, in a process group of its own as a shell would start it."""
    with subprocess.Popen(
        [DEMO],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        yield running
        running.kill()


def output(demo: subprocess.Popen[str]) -> str:
    assert demo.stdout is not None
    return demo.stdout.read()


def until(demo: subprocess.Popen[str], words: str) -> str:
    """What the demo says, up to a line with these words."""
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if words in line:
            return said
    if demo.wait() == LACKS:
        unable(said)
    raise AssertionError(said)


def program_in(text: str) -> str:
    found = re.search(r"^Program (\d+) now sees", text, re.MULTILINE)
    assert found, text
    return found[1]


def processes() -> tuple[Path, ...]:
    """The processes of the demo, by their folders in /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if os.fsencode(DEMO) in path.read_bytes():
                found.append(path.parent)
    return tuple(found)


def namespaces(of: Iterable[Path]) -> set[int]:
    """The network namespaces that these processes are in."""
    found = set()
    for path in of:
        with contextlib.suppress(OSError):
            found.add((path / "ns" / "net").stat().st_ino)
    return found


def machine() -> tuple[str, set[str]]:
    """What the demo must not change: interfaces, and mounts."""
    links = proc.query(("ip", "-o", "link", "show")).out.decode()
    return links, set(Path("/proc/self/mounts").read_text().splitlines())


def is_loaded(program: str) -> bool:
    return proc.query(bpftool.command("prog", "show", "id", program)).ok


def gone(program: str) -> bool:
    deadline = time.monotonic() + PATIENCE
    while is_loaded(program) or processes():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_demo_counts_exactly_and_leaves_nothing(demo: subprocess.Popen[str]) -> None:
    before = machine()
    said = until(demo, "== Count")
    during = is_loaded(program_in(said))
    said += output(demo)
    assert demo.wait() == 0, said
    assert during
    assert re.findall(r"^  0 +(\d+)$", said, re.MULTILINE) == ["3", "8"]
    assert re.findall(r"^\$ xdpctl (\w+)", said, re.MULTILINE) == (
        "build load attach dump dump status detach unload".split()
    )
    for external in ("clang ", "bpftool .* prog load ", "ip link set dev veth0 xdpdrv pinned "):
        assert re.search(f"^    .*{external}", said, re.MULTILINE)
    assert said.rstrip().endswith("/sys/fs/bpf/ebpf is gone.")
    assert gone(program_in(said))
    assert machine() == before


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_demo_that_is_stopped_leaves_nothing(demo: subprocess.Popen[str], end: signal.Signals) -> None:
    before = machine()
    said = until(demo, "$ ping")
    own = namespaces(processes()) - namespaces([Path("/proc/self")])
    if end == signal.SIGKILL:
        demo.kill()
    else:
        os.killpg(demo.pid, end)
    said += output(demo)
    assert demo.wait() in (130, -end), said
    assert gone(program_in(said))
    assert machine() == before
    assert own
    assert own.isdisjoint(namespaces(Path("/proc").glob("[0-9]*")))


def test_demo_says_what_is_missing() -> None:
    """Root without its capabilities, as in a container."""
    without = "-sys_admin,-bpf"
    done = subprocess.run(
        ["setpriv", "--bounding-set", without, "--inh-caps", without, DEMO],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == LACKS
    assert "no namespaces can be made" in done.stderr
    assert "no CAP_SYS_ADMIN" in done.stderr
