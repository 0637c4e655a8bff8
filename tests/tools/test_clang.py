"""clang: the same C gives the same bytes anywhere."""

import shutil
import subprocess
from pathlib import Path

import pytest

from xdpctl.tools import clang

SOURCE = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int p(void *c) { return !c; }\n'


def test_command() -> None:
    program, *words = clang.compile_command("in.c", "out.o")
    assert program == "clang"
    assert words[-4:] == ["-c", "in.c", "-o", "out.o"]
    assert {"-O2", "-g", "-Wall", "-Wextra"} <= set(words)
    assert not [word for word in words if word.startswith("-I")], "-idirafter never shadows another header"


@pytest.mark.skipif(shutil.which("clang") is None, reason="clang is missing")
def test_the_same_source_gives_the_same_object_wherever_it_is_built(tmp_path: Path) -> None:
    objects = []
    for name in ("here", "a far longer path"):
        where = tmp_path / name
        where.mkdir()
        (where / "p.bpf.c").write_text(SOURCE)
        subprocess.run(clang.compile_command("p.bpf.c", "p.bpf.o"), cwd=where, check=True)
        objects.append((where / "p.bpf.o").read_bytes())
    assert objects[0] == objects[1]
    assert b"far longer" not in objects[1]
