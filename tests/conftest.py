"""The stand-in for the one function that goes through `sh`, which pytest-subprocess can't fake."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from xdpctl.core.machine.model import Argv
from xdpctl.core.machine.shell import command_line
from xdpctl.errors import HostLacks, Refused
from xdpctl.tools import executables, proc

for name in ("COLUMNS", "XDPCTL_PIN"):  # somebody's terminal and directory are no business of the tests
    os.environ.pop(name, None)

settings.register_profile("prove", max_examples=2000, deadline=None)  # for `make prove`


KERNEL = Path(__file__).with_name("kernel")


@pytest.hookimpl(optionalhook=True)  # pytest may run without xdist
def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: tests of the kernel wait for it a third of their time."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, which are the kernel's, or one of them would run alone in the end."""
    items.sort(key=lambda item: item.path.parent != KERNEL)


@pytest.fixture(scope="session", autouse=True)
def signals_reach_children() -> None:
    """`nohup make test &` begins with signals ignored, and what it starts would ignore them too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)


@pytest.fixture
def twin() -> Callable[[Argv, Path | None, float], proc.Result]:
    return spawn_with_subprocess


def spawn_with_subprocess(argv: Argv, cwd: Path | None, seconds: float) -> proc.Result:
    """The twin of the function that goes through `sh`."""
    command = (executables.executable(argv[0]), *argv[1:])
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd=cwd,
            env=executables.environment(),
            start_new_session=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"stopped after {seconds:.0f} s: {command_line(argv, cwd)}") from None
    except OSError as error:
        raise HostLacks(f"{argv[0]} can't be run: {error.strerror}") from error
    return proc.Result(argv, done.returncode, done.stdout, done.stderr.decode(errors="surrogateescape"))
