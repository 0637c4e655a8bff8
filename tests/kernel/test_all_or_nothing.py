"""`load --dev` fails at each of its steps, or is interrupted: what was there before is there after."""

import os
import signal
import subprocess

import pytest

from .conftest import COMMAND, PIN, XDPCTL, Lab, until


def intercept(lab: Lab, program: str, pattern: str, script: str) -> dict[str, str]:
    """A PATH on which a program runs a script instead whenever its arguments contain the pattern."""
    real = lab.must("sh", "-c", f"command -v {program}").strip()
    directory = lab.directory.parent / "instead"
    directory.mkdir(exist_ok=True)
    fake = directory / program
    script = script.format(real=real)
    fake.write_text(f'#!/bin/sh\ncase "$*" in *"{pattern}"*) {script};; esac\nexec {real} "$@"\n')
    fake.chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


def inject(lab: Lab, program: str, pattern: str) -> dict[str, str]:
    return intercept(lab, program, pattern, "echo injected failure >&2; exit 1")


@pytest.mark.parametrize(
    ("program", "pattern", "step"),
    [
        ("bpftool", "prog load", "failed to load xdp_allow"),
        ("ip", "link set", "failed to attach to veth0"),
        ("mount", "bpf", "failed to mount bpffs"),
    ],
)
def test_failure_at_each_step(lab: Lab, program: str, pattern: str, step: str) -> None:
    if program == "mount":
        lab.must("umount", "/sys/fs/bpf")
    lab.build()
    said = lab.refused(1, step, "load", "--dev", "veth0", env=inject(lab, program, pattern))
    assert "injected failure" in said
    assert "left behind" not in said


@pytest.mark.parametrize("end", ["exit 1", "kill -9 $$"])
@pytest.mark.parametrize(("program", "pattern"), [("bpftool", "prog load"), ("ip", "xdpdrv pinned")])
def test_a_tool_that_fails_after_it_has_acted(lab: Lab, program: str, pattern: str, end: str) -> None:
    lab.build()
    before = lab.state()
    env = intercept(lab, program, pattern, f'{{real}} "$@"; echo too late >&2; {end}')
    done = lab.xdpctl("load", "--dev", "veth0", "--mode", "native", env=env)
    assert done.returncode == 1
    assert "left behind" not in done.stderr
    assert lab.state() == before


def test_another_load_was_faster(lab: Lab) -> None:
    """The directory was empty when both looked; what the faster one pinned stays."""
    lab.build()
    lab.must("mkdir", PIN)
    once = lab.directory.parent / "once"
    env = intercept(lab, "bpftool", "prog load", f'mkdir {once} && {COMMAND} load >&2; exec {{real}} "$@"')
    done = lab.xdpctl("load", "--dev", "veth0", env=env)
    assert done.returncode == 1
    assert "something is pinned there already" in done.stderr
    assert lab.must("ls", PIN).split() == ["pkt_cnt", "xdp_allow"]
    assert lab.attached() == []
    lab.ok("unload")


def test_nothing_can_be_pinned(lab: Lab) -> None:
    lab.build()
    lab.must("mount", "-o", "remount,ro", "/sys/fs/bpf")
    read_only = f"nothing can be pinned in {PIN}: its bpffs is mounted read-only"
    lab.refused(3, read_only, "load", "--dev", "veth0")


def test_what_is_left_behind_is_named(lab: Lab) -> None:
    """bpffs turns read-only after the load: neither the next step nor any undo can work."""
    lab.build()
    script = '{real} "$@" && mount -o remount,ro /sys/fs/bpf; exit'
    done = lab.xdpctl("load", "--dev", "veth0", env=intercept(lab, "bpftool", "prog load", script))
    assert done.returncode == 4
    assert "failed to remove the pins of global variables" in done.stderr
    assert f"not undone: rmdir {PIN}" in done.stderr
    assert f"left behind: {PIN}/pkt_cnt" in done.stderr
    assert f"left behind: {PIN}/xdp_allow" in done.stderr
    assert lab.attached() == []


def test_an_undo_that_fails_is_told(lab: Lab) -> None:
    """The mount is done, the load fails, and then the mount can't be undone."""
    lab.must("umount", "/sys/fs/bpf")
    lab.build()
    env = inject(lab, "bpftool", "prog load")
    env = inject(lab, "umount", "/sys/fs/bpf")
    done = lab.xdpctl("load", "--dev", "veth0", env=env)
    assert done.returncode == 4
    assert "failed to load xdp_allow: injected failure" in done.stderr
    assert "not undone: umount /sys/fs/bpf: injected failure" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(lab: Lab, number: signal.Signals) -> None:
    """Ctrl-C while `ip link set` is under way: it ends, then everything is undone."""
    lab.build()
    before = lab.state()
    started = lab.directory.parent / "started"
    slow = intercept(lab, "ip", "xdpdrv pinned", f"touch {started}; sleep 1")
    env = {**os.environ, **slow}
    with subprocess.Popen(
        lab.enter(XDPCTL, "load", "--dev", "veth0"), env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        until(started.exists, process)
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    assert lab.state() == before


def test_the_reader_of_stderr_goes_away(lab: Lab) -> None:
    """What can't be told is no reason to stop half-way."""
    lab.build()
    done = lab.run("sh", "-c", f"{COMMAND} --show-commands load --dev veth0 2>&1 >/dev/null | true")
    assert done.stderr == ""
    assert lab.must("ls", PIN).split() == ["pkt_cnt", "xdp_allow"]
    assert len(lab.attached()) == 1


def test_a_closed_pipe_does_not_hide_a_failure(lab: Lab) -> None:
    done = lab.run("bash", "-c", f"{COMMAND} load nothing.o 2>&1 | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_build_interrupted(lab: Lab, number: signal.Signals) -> None:
    started = lab.directory.parent / "started"
    env = {**os.environ, **intercept(lab, "clang", "-c", f"touch {started}; sleep 1")}
    before = lab.state()
    with subprocess.Popen(lab.enter(XDPCTL, "build"), env=env, stderr=subprocess.PIPE, text=True) as process:
        until(started.exists, process)
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()
    assert (process.returncode, said) == (130, "xdpctl: interrupted\n")
    assert (lab.state(), os.listdir(lab.directory)) == (before, [])


def test_native_only_refused_leaves_nothing(lab: Lab) -> None:
    lab.must("nsenter", "--net=/run/netns/peer", "ip", "link", "set", "veth1", "mtu", "9000")
    lab.build()
    lab.refused(
        1,
        "failed to attach to veth0: veth: Peer MTU is too large to set XDP.",
        "load",
        "--dev",
        "veth0",
        "--mode",
        "native",
    )


def test_dry_run_touches_nothing_and_prints_what_works(lab: Lab) -> None:
    lab.build()
    before = lab.state()
    plan = lab.ok("--dry-run", "load", "--dev", "veth0")
    assert lab.state() == before
    lab.must("sh", "-e", "-c", plan)
    assert lab.must("ls", PIN).split() == ["pkt_cnt", "xdp_allow"]
    assert len(lab.attached()) == 1

    before = lab.state()
    plan = lab.ok("--dry-run", "unload")
    assert lab.state() == before
    lab.must("sh", "-e", "-c", plan)
    assert lab.pins() == []
    assert lab.attached() == []


def test_shown_commands_do_the_same_by_hand(lab: Lab) -> None:
    lab.build()
    shown = lab.xdpctl("--show-commands", "load", "--dev", "veth0").stderr
    lab.ok("unload")
    lab.must("sh", "-e", "-c", shown)
    lab.ping(1)
    assert lab.dump() == {0: 1}


def test_without_root(lab: Lab) -> None:
    """Without capabilities each command says so, with exit code 3; --dry-run needs none."""
    lab.build()
    drop = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", XDPCTL)
    for arguments in (["load"], ["attach", "veth0"], ["unload"], ["status"], ["dump", "pkt_cnt"]):
        done = lab.run(*drop, *arguments)
        assert done.returncode == 3, (arguments, done.stderr)
        assert "root" in done.stderr
        assert "Traceback" not in done.stderr
    for arguments in (["load", "--dev", "veth0"], ["attach", "veth0"], ["unload"], ["build"]):
        done = lab.run(*drop, "--dry-run", *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        assert done.stdout
