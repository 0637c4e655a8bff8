"""Programs of the system, stood in for by scripts that print what was recorded."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

Stub = Callable[..., Callable[[], list[str]]]


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Puts a program in front of PATH that prints `out` and `err`, and ends with `status`.

    What it gives tells the command lines with which the program was called.
    """
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def put(program: str, out: bytes = b"", err: str = "", status: int = 0) -> Callable[[], list[str]]:
        calls, printed = tmp_path / f"{program}.calls", tmp_path / f"{program}.out"
        printed.write_bytes(out)
        script = tmp_path / "bin" / program
        script.write_text(
            f'#!/bin/sh\necho "{program} $*" >> {calls}\ncat {printed}\n'
            f"printf %s {shlex.quote(err)} >&2\nexit {status}\n"
        )
        script.chmod(0o755)
        return lambda: calls.read_text().splitlines()

    return put
