"""What all benches share: the namespaces they run in, commands that have to succeed, verdicts."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

Argv = tuple[str, ...]

OUTSIDE = "XDPCTL_BENCH_OUTSIDE"
"""Tells the run inside which network namespace was left."""
OVER = "OVER"
PIN = "/sys/fs/bpf/ebpf"
XDPCTL = str(Path(sys.executable).parent / "xdpctl")
ENVIRONMENT = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"}


def verdict(ratio: float, error: float, target: float) -> str:
    if ratio <= target:
        return "ok"
    return OVER if ratio - error > target else "over, within the noise"


def script(lines: str) -> None:
    if lines:
        stderr("/bin/sh", "-ec", lines)


def stderr(*argv: str) -> list[str]:
    done = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"failed: {shlex.join(argv)}\n{done.stderr}")
    return done.stderr.splitlines()


def in_lab() -> int | None:
    """The same again, in namespaces of which nothing shows outside; None if this is that run already."""
    here = os.readlink("/proc/self/ns/net")
    if os.environ.get(OUTSIDE, "") not in ("", here):
        return None
    unshare = ("unshare", "--mount", "--net", "--propagation", "private", "--", sys.executable)
    again = (*unshare, "-m", "tests.bench", *sys.argv[1:])
    return subprocess.run(again, env={**os.environ, OUTSIDE: here}).returncode
