"""`xdpctl bench` on the real kernel: what it finds, and that nothing is left of it."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import PIN, XDPCTL, Lab

QUICK = ("--rounds", "3", "--repeat", "100000")
EMPTY_C = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int mine(struct xdp_md *ctx) { return ctx->data < ctx->data_end ? XDP_PASS : XDP_DROP; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture
def clean(lab: Lab) -> Iterator[Lab]:
    """Nothing is mounted, pinned, written or attached in the end that wasn't before."""
    before = lab.state(), lab.must("ls", "/run")
    yield lab
    assert (lab.state(), lab.must("ls", "/run")) == before


def measured(lab: Lab, *arguments: str) -> dict[str, dict[str, Any]]:
    """The programs by name."""
    said = json.loads(lab.ok("bench", "--json", *QUICK, *arguments))
    assert said["schema"] == 1
    assert said["rounds"] == 3
    assert said["noisy"] == bool(said["noise"])
    assert next(iter(said["programs"]))["name"] == "empty"
    programs = {program["name"]: program for program in said["programs"]}
    for program in programs.values():
        assert program["one"]["ns"] > 0
        assert len(program["one"]["samples"]) == len(program["all"]["samples"]) == 3
        assert program["all_over_one"]["ratio"] > 0
    return programs


def test_the_family_loses_nothing(clean: Lab) -> None:
    programs = measured(clean)
    assert len(programs) > 8
    others = {name: program for name, program in programs.items() if name != "empty"}
    assert {name: program["lost"] for name, program in others.items()} == dict.fromkeys(others, 0)
    assert all(program["one"]["counted"] == 300_000 for program in others.values())
    assert all(program["over_empty"]["ratio"] > 0.5 for program in others.values())


def test_the_race_is_lost_by_plain_additions_alone(clean: Lab) -> None:
    """Long enough for the runs to meet, however busy the machine is."""
    said = json.loads(clean.ok("bench", "--race", "--json", "--rounds", "3", "--repeat", "1000000"))
    lost = {program["name"]: program["lost"] for program in said["programs"]}
    assert lost["atomic additions"] == lost["per-CPU additions"] == 0
    assert lost["empty"] is None
    if said["cpus"] > 1:
        assert lost["plain additions"] > 0


def test_files_of_every_kind(lab: Lab) -> None:
    (lab.directory / "c.toml").write_text('[[counter]]\ntype = "percpu_array"\nfields = ["bytes"]\n')
    (lab.directory / "o dir").mkdir()
    (lab.directory / "o dir" / "my.own.c").write_text(EMPTY_C)
    lab.ok("build", "--program", "built")
    before = lab.state()
    programs = measured(lab, "c.toml", "o dir/my.own.c", "bpf/built.bpf.o")
    assert list(programs) == ["empty", "c.toml", "o dir/my.own.c", "bpf/built.bpf.o"]
    assert programs["c.toml"]["lost"] == 0
    assert programs["bpf/built.bpf.o"]["lost"] is None
    assert lab.state() == before


def test_what_is_shown_can_be_pasted(lab: Lab) -> None:
    """Both the plan and what was run, into a shell: programs run, and nothing is left."""
    (lab.directory / "c.toml").write_text('[[counter]]\ntype = "array"\n')
    before = lab.state()
    planned = lab.ok("--dry-run", "bench", "c.toml", *QUICK)
    assert lab.state() == before
    done = lab.xdpctl("--show-commands", "bench", "c.toml", *QUICK)
    for lines in (planned, done.stderr):
        commands = [line for line in lines.splitlines() if not line.startswith("#")]
        runs = sum(line.startswith("taskset ") for line in commands)
        assert runs > 3
        (lab.directory.parent / "pasted").write_text(lines)
        path = f"PATH={shlex.quote(str(Path(XDPCTL).parent))}:$PATH"
        pasted = lab.must("sh", "-c", f"{path} bash -es <../pasted 2>&1")
        assert pasted.count('"retval":2') == runs
        assert lab.state() == before


def test_files_that_can_not_be_measured(lab: Lab) -> None:
    (lab.directory / "bad.c").write_text("int x")
    (lab.directory / "bad.toml").write_text('verdict = "maybe"\n')
    (lab.directory / "bad.o").write_text("x")
    lab.refused(1, "bad.c:1:6: error: expected ';'", "bench", "bad.c")
    lab.refused(2, "bad.toml:1: verdict can't be 'maybe'", "bench", "bad.toml")
    lab.refused(2, "bad.o is no BPF object", "bench", "bad.o")
    lab.refused(2, "nothing.toml can't be read", "bench", "nothing.toml")
    lab.refused(2, "bad is neither a spec (.toml) nor a C file (.c) nor an object (.o)", "bench", "bad")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_an_end_in_the_middle_leaves_nothing(number: signal.Signals, clean: Lab) -> None:
    command = (sys.executable, "-m", "xdpctl", "--show-commands", "bench", "--race", "--repeat", "20000000")
    with subprocess.Popen(
        clean.enter(*command), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        said = ""
        while not said.endswith("repeat 20000000\n"):
            line = child.stderr.readline()
            assert line, said
            said += line
        child.send_signal(number)
        rest = child.stderr.read()
    assert "Traceback" not in rest
    assert child.returncode == (-number if number == signal.SIGKILL else 130)
    assert not os.path.exists(f"{PIN}/pins")
