"""Compiling C in tests of what xdpctl writes, and reads."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from xdpctl.tools import clang
from xdpctl.tools.files.assets import HEADERS

Compile = Callable[..., bytes]


@pytest.fixture(scope="session")
def compile_bpf(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """C to the bytes of a BPF object; unless other flags are given, a warning is an error."""
    if shutil.which("clang") is None:
        if os.environ.get("XDPCTL_REQUIRE_KERNEL") == "1":
            pytest.fail("clang is missing")
        pytest.skip("clang is missing")
    where = tmp_path_factory.mktemp("compiled")

    def compile_(*sources: str, flags: tuple[str, ...] = ("-Werror",)) -> bytes:
        """Several sources are only checked; the bytes are those of the last."""
        names = [where / f"{i}.bpf.c" for i in range(len(sources))]
        for name, source in zip(names, sources, strict=True):
            name.write_text(source)
        command, *rest = clang.compile_command(str(names[-1]), str(where / "out.o"))
        if len(names) > 1:
            rest = [word for word in rest if word not in ("-c", "-o", str(where / "out.o"), str(names[-1]))]
            rest += ["-fsyntax-only", *map(str, names)]
        command_line = [command, *rest, "-iquote", str(HEADERS), *flags]
        done = subprocess.run(command_line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return b"" if len(names) > 1 else Path(where / "out.o").read_bytes()

    return compile_
