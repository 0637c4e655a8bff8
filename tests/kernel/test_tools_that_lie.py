"""Tools that end well though they did nothing, or something else, and tools that are killed."""

import os
import signal
import subprocess
import sys

import pytest

from .conftest import PIN, XDPCTL, Lab, until
from .test_all_or_nothing import intercept
from .test_map_create import WITHOUT_LIBBPF
from .test_refusals import foreign

GENERIC = f"{{real}} link set dev veth0 xdpgeneric pinned {PIN}/xdp_allow"
HASH = ("--type", "hash", "--key", "u32", "--value", "u64")
NATIVE = f"{{real}} link set dev veth0 xdpdrv pinned {PIN}/xdp_allow"


@pytest.mark.parametrize("mode", ["auto", "native", "generic"])
def test_ip_does_nothing(lab: Lab, mode: str) -> None:
    lab.build()
    env = intercept(lab, "ip", "pinned", "exit 0")
    says = "ip reported success, but veth0 runs no program"
    lab.refused(1, says, "load", "--dev", "veth0", "--mode", mode, env=env)
    lab.ok("load")
    lab.refused(1, says, "attach", "veth0", "--mode", mode, env=env)


def test_ip_does_nothing_in_another_namespace(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    env = intercept(lab, "ip", "pinned", "exit 0")
    lab.refused(1, "but veth1 runs no program", "--netns", "peer", "attach", "veth1", env=env)


@pytest.mark.parametrize("mode", ["auto", "native"])
def test_ip_takes_another_mode(lab: Lab, mode: str) -> None:
    lab.build()
    env = intercept(lab, "ip", "xdpdrv pinned", f"exec {GENERIC}")
    said = lab.refused(1, "ip reported success", "load", "--dev", "veth0", "--mode", mode, env=env)
    assert "generic mode), not program" in said
    lab.ok("load")
    lab.refused(1, "ip reported success", "attach", "veth0", "--mode", mode, env=env)


def test_ip_puts_another_program_there(lab: Lab) -> None:
    """It isn't ours, so it isn't taken off."""
    lab.build()
    theirs = foreign(lab)
    lab.must("ip", "link", "set", "dev", "veth0", "xdpdrv", "off")
    env = intercept(
        lab, "ip", "xdpdrv pinned", "exec {real} link set dev veth0 xdpdrv pinned /sys/fs/bpf/theirs"
    )
    done = lab.xdpctl("load", "--dev", "veth0", env=env)
    assert done.returncode == 1
    assert f"veth0 runs theirs (id {theirs}, native mode), not program" in done.stderr
    assert [program for _, program in lab.attached()] == [theirs]
    assert lab.pins() == ["/sys/fs/bpf/theirs"]


@pytest.mark.parametrize("more", [(), ("--dev", "veth0")])
@pytest.mark.parametrize(
    ("script", "missing"),
    [
        ("exit 0", f"{PIN}/xdp_allow and {PIN}/pkt_cnt"),
        (f'{{real}} "$@"; rm {PIN}/pkt_cnt; exit 0', f"{PIN}/pkt_cnt"),
    ],
)
def test_bpftool_does_nothing_or_a_part(lab: Lab, script: str, missing: str, more: tuple[str, ...]) -> None:
    lab.build()
    env = intercept(lab, "bpftool", "prog load", script)
    words = f"bpftool reported success, but nothing is pinned at {missing}"
    said = lab.refused(1, words, "load", *more, env=env)
    assert "not undone" not in said


def test_a_map_is_not_pinned(lab: Lab) -> None:
    lab.ok("map", "create", "m", *HASH)
    env = intercept(lab, "bpftool", "map pin", "exit 0")
    lab.refused(1, f"nothing is pinned at {PIN}/again", "map", "pin", "m", "again", env=env)


def test_a_map_is_not_made(lab: Lab) -> None:
    env = intercept(lab, "bpftool", "map create", "exit 0")
    before = lab.state()
    done = lab.run(sys.executable, "-c", WITHOUT_LIBBPF, "map", "create", "m", *HASH, env=env)
    assert (done.returncode, lab.state()) == (1, before)
    assert f"nothing is pinned at {PIN}/m" in done.stderr


@pytest.mark.parametrize("acts", ["", '{real} "$@"; '], ids=["before it acts", "when it has acted"])
def test_bpftool_is_killed_when_it_pins_a_map(lab: Lab, acts: str) -> None:
    lab.ok("map", "create", "m", *HASH)
    env = intercept(lab, "bpftool", "map pin", f"{acts}kill -9 $$")
    said = lab.refused(1, "bpftool was ended by signal 9", "map", "pin", "m", "again", env=env)
    assert "left behind" not in said


@pytest.mark.parametrize(
    ("program", "pattern", "arguments"),
    [
        ("ip", "xdpdrv pinned", ("load", "--dev", "veth0")),
        ("ip", "xdpdrv pinned", ("load", "--dev", "veth0", "--mode", "native")),
        ("bpftool", "prog load", ("load",)),
        ("clang", "-c", ("build", "--program", "again")),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_tool_is_killed(
    lab: Lab, program: str, pattern: str, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    lab.build()
    env = intercept(lab, program, pattern, f"echo libbpf: x >&2; ulimit -c 0; kill -{number} $$")
    said = lab.refused(1, f"{program} was ended by signal {number} ({number.name})", *arguments, env=env)
    assert "mode" not in said
    assert "left behind" not in said


@pytest.mark.parametrize("act", ["", NATIVE, GENERIC])
def test_ip_is_killed_when_it_has_acted(lab: Lab, act: str) -> None:
    lab.build()
    lab.ok("load")
    env = intercept(lab, "ip", "xdpdrv pinned", f"{act or ':'}; kill -9 $$")
    lab.refused(1, "ip was ended by signal 9 (SIGKILL)", "attach", "veth0", env=env)


def test_a_query_is_killed(lab: Lab) -> None:
    lab.build()
    env = intercept(lab, "bpftool", "prog show", "kill -9 $$")
    lab.ok("load")
    lab.refused(1, "bpftool was ended by signal 9 (SIGKILL)", "attach", "veth0", env=env)


def test_what_native_mode_is_refused_for_is_told_and_generic_is_taken(lab: Lab) -> None:
    lab.must("nsenter", "--net=/run/netns/peer", "ip", "link", "set", "veth1", "mtu", "9000")
    lab.build()
    done = lab.xdpctl("load", "--dev", "veth0")
    assert done.returncode == 0
    assert "Peer MTU is too large" in done.stderr
    assert [mode for mode, _ in lab.attached()] == [2]


@pytest.mark.parametrize("arguments", [("load",), ("map", "create", "m", *HASH)])
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("exit 0", "mount reported success, but no bpffs is mounted at /sys/fs/bpf"),
        ("kill -9 $$", "mount was ended by signal 9 (SIGKILL)"),
        ('{real} "$@"; kill -9 $$', "mount was ended by signal 9 (SIGKILL)"),
    ],
)
def test_mount_lies_or_is_killed(lab: Lab, arguments: tuple[str, ...], script: str, says: str) -> None:
    lab.build()
    lab.must("umount", "/sys/fs/bpf")
    said = lab.refused(1, says, *arguments, env=intercept(lab, "mount", "bpf", script))
    assert "not undone" not in said


LOOK_SLOWLY = """if {real} -d link show dev veth0 | grep -q 'prog/xdp'; then touch {started}; sleep 1; fi"""


@pytest.mark.parametrize("arguments", [("load", "--dev"), ("attach",)])
def test_interrupted_while_looking(lab: Lab, arguments: tuple[str, ...]) -> None:
    """All is done by then, but nothing is said yet: it is undone."""
    lab.build()
    if arguments == ("attach",):
        lab.ok("load")
    before = lab.state()
    started = lab.directory.parent / "started"
    script = LOOK_SLOWLY.replace("{started}", str(started))
    env = {**os.environ, **intercept(lab, "ip", "-d link show", script)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        lab.enter(XDPCTL, *arguments, "veth0"), env=env, stdout=pipe, stderr=pipe, text=True
    ) as process:
        until(started.exists, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "xdpctl: interrupted, and all undone\n")
    assert lab.state() == before


def test_looking_fails(lab: Lab) -> None:
    """What `ip` said that it did is undone, though it can't be seen."""
    lab.build()
    script = "if {real} -d link show dev veth0 | grep -q 'prog/xdp'; then echo broken; exit 0; fi"
    env = intercept(lab, "ip", "-j -d link show", script)
    lab.refused(1, "ip printed what xdpctl can't read", "load", "--dev", "veth0", env=env)


@pytest.mark.parametrize("ending", ["kill -9 $$", "exit 0", "echo Error: x >&2; exit 1"])
def test_what_somebody_else_pinned_meanwhile_stays(lab: Lab, ending: str) -> None:
    lab.build()
    theirs = f"{{real}} map create {PIN}/pkt_cnt type hash key 4 value 8 entries 3 name theirs"
    env = intercept(lab, "bpftool", "prog load", f"{theirs} >/dev/null; {ending}")
    done = lab.xdpctl("load", env=env)
    assert done.returncode == 1
    assert "left behind" not in done.stderr
    assert lab.pins() == [PIN, f"{PIN}/pkt_cnt"]


def test_ip_speaks_of_another_device(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    env = intercept(lab, "ip", "show dev veth0", "exec {real} -j -d link show dev lo")
    lab.refused(1, "of lo, though it was asked for veth0", "detach", "veth0", env=env)
    lab.must("ip", "link", "property", "add", "dev", "veth0", "altname", "another_name_for_veth0")
    lab.ok("detach", "another_name_for_veth0")


@pytest.mark.parametrize(
    ("program", "pattern", "arguments"),
    [("bpftool", "prog load", ("load",)), ("ip", "xdpdrv off", ("detach", "veth0"))],  # without libbpf
)
def test_a_tool_that_never_ends_is_not_waited_for_after_ctrl_c(
    lab: Lab, program: str, pattern: str, arguments: tuple[str, ...]
) -> None:
    lab.build()
    if arguments != ("load",):
        lab.ok("load", "--dev", "veth0")
    before = lab.state()
    env = {**os.environ, **intercept(lab, program, pattern, "touch begun; sleep 100")}
    command = lab.enter(sys.executable, "-c", WITHOUT_LIBBPF, *arguments)
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as running:
        until((lab.directory / "begun").exists, running)
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
    (lab.directory / "begun").unlink()
    assert lab.state() == before
