"""The doctor on the real machine: with all it needs, without root, without tools."""

import json
import os
import pty
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from .conftest import XDPCTL, Done, Lab

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root by name, without any capability."""
WRAPPER = """#!/bin/sh
echo "WARNING: bpftool not found for kernel 6.8.0-31" >&2
echo >&2
echo "  You may need to install the following packages for this specific kernel:" >&2
exit 2
"""

Checks = dict[str, dict[str, str]]


def checks(done: Done) -> Checks:
    """The findings by name; status and `ok` go with them."""
    assert "Traceback" not in done.stderr, done.stderr
    said = json.loads(done.stdout)
    assert said["schema"] == 1
    assert said["ok"] == (done.returncode == 0)
    assert done.returncode == (3 if any(c["state"] == "bad" for c in said["checks"]) else 0)
    return {check["name"]: check for check in said["checks"]}


def without_root(lab: Lab) -> tuple[str, ...]:
    """What makes another user of a command, or a powerless one where others can't read this Python."""
    readable = lab.run(*NOBODY, XDPCTL, "--version").returncode == 0
    return NOBODY if readable else POWERLESS


def hide(lab: Lab, *programs: str) -> None:
    """Lay something that can't be run over every copy of a program, in the lab alone."""
    for program in programs:
        places = (
            f"{where}/{program}" for where in ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")
        )
        for place in filter(os.path.exists, places):
            lab.must("mount", "--bind", "/dev/null", place)


def test_all_is_well(lab: Lab) -> None:
    done = lab.xdpctl("doctor")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert all(line.startswith(("good  ", "note  ")) for line in done.stdout.splitlines())
    assert "\x1b" not in done.stdout
    found = checks(lab.xdpctl("doctor", "--json"))
    needed = ("privileges", "kernel", "bpf", "xdp", "bpffs", "clang", "headers", "bpftool", "iproute2")
    assert {found[name]["state"] for name in needed} == {"good"}
    assert os.uname().release in found["kernel"]["found"]


def test_nothing_is_changed(lab: Lab) -> None:
    before = lab.state()
    lab.ok("doctor")
    assert lab.state() == before


def test_commands_are_shown(lab: Lab) -> None:
    done = lab.xdpctl("--show-commands", "doctor", "--json")
    assert json.loads(done.stdout)["ok"] is True
    for line in ("clang --version", "bpftool -j -n version", "bpftool -j -n feature probe kernel", "ip -V"):
        assert line in done.stderr.splitlines()


def test_without_root(lab: Lab) -> None:
    found = checks(lab.run(*without_root(lab), XDPCTL, "doctor", "--json"))
    assert [name for name, check in found.items() if check["state"] == "bad"] == ["privileges"]
    assert "without CAP_SYS_ADMIN and CAP_NET_ADMIN" in found["privileges"]["found"]
    assert "without root" in found["xdp"]["found"]


def test_root_without_capabilities(lab: Lab) -> None:
    found = checks(lab.run(*POWERLESS, XDPCTL, "doctor", "--json"))["privileges"]
    assert found["found"].startswith("root, without CAP_SYS_ADMIN")
    assert "--cap-add SYS_ADMIN" in found["remedy"]


def test_in_a_user_namespace(lab: Lab) -> None:
    done = lab.run("unshare", "--user", "--map-root-user", XDPCTL, "doctor", "--json")
    if "unshare failed" in done.stderr:
        must = os.environ.get("XDPCTL_REQUIRE_KERNEL") == "1"
        (pytest.fail if must else pytest.skip)("the kernel gives no user namespaces")
    assert "user namespace" in checks(done)["privileges"]["found"]


@pytest.mark.parametrize("root", [True, False])
def test_without_any_tool(lab: Lab, root: bool) -> None:
    hide(lab, "clang", "bpftool", "ip")
    user = () if root else without_root(lab)
    found = checks(lab.run(*user, XDPCTL, "doctor", "--json"))
    for name in ("clang", "bpftool", "iproute2"):
        assert (found[name]["state"], found[name]["found"]) == ("bad", "not installed")
        assert found[name]["remedy"]
    assert found["headers"]["state"] == found["xdp"]["state"] == "note"


def test_with_an_empty_path(lab: Lab) -> None:
    """The system's own directories are looked at all the same."""
    done = lab.run("env", f"PATH={lab.directory}", XDPCTL, "doctor", "--json")
    assert done.returncode == 0, done.stdout


def fake(lab: Lab, name: str, script: str) -> dict[str, str]:
    """An environment in which this script is the first program of that name."""
    directory = lab.directory / "first"
    directory.mkdir()
    program = directory / name
    program.write_text(script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


def test_wrapper_that_fails(lab: Lab) -> None:
    env = fake(lab, "bpftool", WRAPPER)
    found = checks(lab.xdpctl("doctor", "--json", env=env))["bpftool"]
    assert found["state"] == "bad"
    assert "first/bpftool is a wrapper that has no bpftool for kernel" in found["found"]
    assert os.uname().release in found["found"]


def test_wrapper_on_ubuntu(lab: Lab) -> None:
    env = fake(lab, "bpftool", WRAPPER)
    release = lab.directory / "os-release"
    release.write_text("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=24.04\n")
    lab.must("mount", "--bind", str(release), str(Path("/etc/os-release").resolve()))
    done = lab.xdpctl("doctor", env=env)
    assert done.returncode == 3
    assert "apt-get install linux-tools-" in done.stdout
    assert done.stderr == "xdpctl: something needed is missing: bpftool\n"


@pytest.mark.parametrize("name", ["clang", "bpftool", "ip"])
@pytest.mark.parametrize(
    "script", ["not a program\n", "#!/nonexistent\n", "#!/bin/sh\nkill -9 $$\n", "#!/bin/sh\n"]
)
def test_programs_that_do_not_work(lab: Lab, name: str, script: str) -> None:
    found = checks(lab.xdpctl("doctor", "--json", env=fake(lab, name, script)))
    check = found["iproute2" if name == "ip" else name]
    assert check["state"] == "bad", check
    assert check["remedy"]


def test_bpffs_of_every_kind(lab: Lab) -> None:
    lab.must("mount", "-o", "remount,ro", "/sys/fs/bpf")
    assert "read-only" in checks(lab.xdpctl("doctor", "--json"))["bpffs"]["found"]
    lab.must("umount", "/sys/fs/bpf")
    assert "not mounted yet" in checks(lab.xdpctl("doctor", "--json"))["bpffs"]["found"]
    lab.must("mount", "-t", "tmpfs", "tmpfs", "/sys/fs/bpf")
    found = checks(lab.xdpctl("doctor", "--json"))["bpffs"]
    assert found["state"] == "bad"
    lab.must("sh", "-c", found["remedy"])
    assert checks(lab.xdpctl("doctor", "--json"))["bpffs"]["found"] == "mounted at /sys/fs/bpf"


def test_counters_do_without_the_kernels_btf(lab: Lab) -> None:
    """As the doctor says, who calls its absence a note."""
    lab.must("mount", "-t", "tmpfs", "tmpfs", "/sys/kernel/btf")
    assert checks(lab.xdpctl("doctor", "--json"))["btf"]["state"] == "note"
    lab.ok("build")
    lab.ok("load", "--dev", "veth0")
    lab.ping(3)
    assert lab.dump() == {0: 3}
    lab.ok("unload")


def test_without_proc(lab: Lab) -> None:
    inner = ("unshare", "--mount", "sh", "-c", f"umount -l /proc && exec {shlex.quote(XDPCTL)} doctor --json")
    done = lab.run(*inner)
    assert done.returncode == 3
    assert list(checks(done)) == ["proc"]


@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_on_a_terminal(lab: Lab, variables: dict[str, str], coloured: bool) -> None:
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    env |= {"COLUMNS": "40", "TERM": "xterm", **variables}
    outer, inner = pty.openpty()
    with subprocess.Popen(
        lab.enter(XDPCTL, "doctor"), stdin=subprocess.DEVNULL, stdout=inner, env=env
    ) as child:
        os.close(inner)
        said = b""
        try:
            while chunk := os.read(outer, 4096):
                said += chunk
        except OSError:
            pass  # how a terminal tells that nobody writes to it any more
        os.close(outer)
    assert child.returncode == 0
    lines = said.decode().splitlines()
    assert ("\x1b[" in said.decode()) == coloured
    if not coloured:
        assert max(map(len, lines)) <= 40
