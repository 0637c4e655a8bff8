"""`unload` looks everywhere before it removes a pin, and stops where it can't look."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .conftest import PIN, XDPCTL, Lab
from .test_all_or_nothing import intercept
from .test_map_create import WITHOUT_LIBBPF

ODD = ("a\x01b", 'a"b', "a'b", "a\\b", "é", "\x1b[1m", "a{,]b", "\udc80")
"""Names that the kernel lets devices have."""


def pair(lab: Lab, name: str, netns: str = "") -> None:
    lab.must("ip", "link", "add", "one", "type", "veth", "peer", "name", "other")
    lab.must("ip", "link", "set", "dev", "one", "name", name)
    if netns:
        lab.must("ip", "link", "set", "dev", name, "netns", netns)


@contextmanager
def process(lab: Lab, *argv: str) -> Iterator[str]:
    """A process in the lab, as long as it isn't ended; what it gives is its number."""
    command = lab.enter(*argv, "sh", "-c", "echo $$; exec cat")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.kill()


@pytest.mark.parametrize("name", ODD)
def test_a_device_of_any_name(lab: Lab, name: str) -> None:
    lab.build()
    pair(lab, name)
    lab.must("ip", "link", "set", "dev", "other", "alias", "an\x01 alias\n\udcff")
    lab.ok("load", "--dev", "veth0")
    for verb in ("status", "why"):
        done = lab.xdpctl(verb)
        assert "can't read" not in done.stderr, done.stderr
    assert "doesn't print JSON" not in lab.xdpctl("doctor").stdout
    lab.ok("unload")


@pytest.mark.parametrize("netns", ["", "peer"])
def test_a_program_on_such_a_device(lab: Lab, netns: str) -> None:
    """In another namespace, it ran on while its pins were removed."""
    lab.build()
    lab.ok("load")
    pair(lab, "a\x01b", netns)
    options = ("--netns", netns) if netns else ()
    lab.ok(*options, "attach", "a\x01b")
    program = lab.read("pkt_cnt")["map"]["id"]
    assert lab.ok("unload").startswith("detached from a")
    assert lab.pins() == []
    assert lab.run("bpftool", "map", "show", "id", str(program)).returncode != 0


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo Cannot open netlink socket >&2; exit 1", "ip failed: Cannot open netlink socket"),
        ("kill -9 $$", "nsenter or ip was ended by signal 9 (SIGKILL)"),
        ("echo 1: lo; exit", "ip printed what xdpctl can't read"),
        (
            "echo nsenter: reassociate failed: Invalid argument >&2; exit 1",
            "no network namespace",
        ),
    ],
)
def test_a_namespace_that_cannot_be_looked_into(lab: Lab, script: str, says: str) -> None:
    lab.build()
    lab.ok("load")
    lab.ok("--netns", "peer", "attach", "veth1")
    env = intercept(lab, "nsenter", "--net=/run/netns/peer", script)
    said = lab.refused(1, "what runs in the network namespace peer can't be seen: ", "unload", env=env)
    assert says in said
    lab.ok("unload")


def test_a_namespace_of_somebody_else(lab: Lab) -> None:
    """Without the right to look at other people's processes."""
    lab.build()
    lab.ok("load")
    less = ("setpriv", "--bounding-set=-sys_ptrace", XDPCTL, "unload")
    with process(lab, "unshare", "-n", "setpriv", "--reuid=1234", "--clear-groups"):
        before = lab.state()
        done = lab.run(*less)
        assert (done.returncode, lab.state()) == (3, before), done.stderr
        assert "can't be entered" in done.stderr


def test_a_namespace_that_ends_meanwhile(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    with process(lab, "unshare", "-n") as number:
        ending = f'kill -9 {number}; while [ -e /proc/{number}/ns/net ]; do :; done; exec {{real}} "$@"'
        env = intercept(lab, "nsenter", f"--net=/proc/{number}/", ending)
        done = lab.xdpctl("unload", env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_another_process_keeps_a_namespace_whose_first_has_ended(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    with process(lab, "unshare", "-n") as first, process(lab, "nsenter", "-n", "-t", first) as two:
        lab.must("ip", "link", "add", "far", "type", "veth", "peer", "name", "near")
        lab.must("ip", "link", "set", "dev", "far", "netns", two)
        lab.ok("--netns", f"/proc/{two}/ns/net", "attach", "far")
        ending = f'kill -9 {first}; while [ -e /proc/{first}/ns/net ]; do :; done; exec {{real}} "$@"'
        env = intercept(lab, "nsenter", f"--net=/proc/{first}/", ending)
        done = lab.xdpctl("unload", env=env)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("detached from far")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_namespace_whose_file_is_covered(lab: Lab, elsewhere: bool) -> None:
    """It can be entered only through another mount namespace."""
    lab.build()
    lab.ok("load")
    lab.ok("--netns", "peer", "attach", "veth1")
    with process(lab, *(("unshare", "-m", "--propagation", "private") if elsewhere else ())):
        lab.must("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        if elsewhere:
            assert lab.ok("unload").startswith("detached from veth1")
        else:
            lab.refused(1, "network namespace /run/netns/peer can't be seen: a mount lies over it", "unload")


def test_names_of_namespaces_are_any_bytes(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    for name in ("\udcff", "a\x0bb", "a b", "a\x1db"):
        lab.must("ip", "netns", "add", name)
    lab.must("ip", "link", "set", "dev", "veth0", "netns", "\udcff")
    program = json.loads(lab.must("bpftool", "-j", "prog", "show", "pinned", f"{PIN}/xdp_allow"))["id"]
    inside = ("nsenter", "--net=/run/netns/\udcff")
    lab.must(*inside, "ip", "link", "set", "dev", "veth0", "xdpdrv", "pinned", f"{PIN}/xdp_allow")
    assert shlex.quote("veth0") in lab.xdpctl("why").stdout
    assert lab.program_exists(program)


def test_a_namespace_that_only_an_open_file_keeps(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    lab.ok("--netns", "peer", "attach", "veth1")
    with process(lab, "sh", "-c", 'exec 9</run/netns/peer; exec "$@"', "sh"):
        lab.must("umount", "-l", "/run/netns/peer")
        assert "runs on no device" not in lab.xdpctl("why").stdout
        assert lab.ok("unload").startswith("detached from veth1")
    assert lab.pins() == []


def test_a_namespace_that_is_mounted_elsewhere_alone(lab: Lab) -> None:
    """As that of a container is, for whoever is outside of it."""
    lab.build()
    lab.ok("load")
    lab.ok("--netns", "peer", "attach", "veth1")
    with process(lab, "unshare", "-m"):
        lab.must("umount", "-l", "/run/netns/peer")
        assert lab.ok("unload").startswith("detached from veth1")
    assert lab.pins() == []


def test_a_pin_that_is_another_by_now_stays(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    [(_, program)] = lab.attached()
    theirs = f"bpftool map create {PIN}/pkt_cnt type hash key 4 value 8 entries 3 name theirs"
    env = intercept(lab, "ip", "xdpdrv off", f'rm {PIN}/pkt_cnt; {theirs}; exec {{real}} "$@"')
    done = lab.run(sys.executable, "-c", WITHOUT_LIBBPF, "unload", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"something else is pinned at {PIN}/pkt_cnt by now" in done.stderr
    assert lab.pins() == [PIN, f"{PIN}/pkt_cnt", f"{PIN}/xdp_allow"]
    assert [found for _, found in lab.attached()] == [program], "it was put back"


def test_a_pin_of_another_name_stays(lab: Lab) -> None:
    """Somebody made it so that the map stays."""
    lab.build()
    lab.ok("load", "--dev", "veth0")
    lab.ping(3)
    lab.ok("map", "pin", "pkt_cnt", "kept")
    done = lab.xdpctl("unload")
    assert done.returncode == 0
    assert done.stderr == f"a map stays in the kernel, it is pinned at {PIN}/kept too\n"
    assert lab.pins() == [PIN, f"{PIN}/kept"]
    assert lab.dump("kept") == {0: 3}


def test_what_root_would_remove_is_not_guessed(lab: Lab) -> None:
    """The plan without root, pasted, removes nothing."""
    lab.must("chmod", "755", "/sys/fs/bpf")
    lab.build()
    lab.ok("load")
    plan = lab.must("setpriv", "--reuid=1234", "--clear-groups", XDPCTL, "--dry-run", "unload")
    lab.run("sh", "-c", plan)
    assert lab.pins() == [PIN, f"{PIN}/pkt_cnt", f"{PIN}/xdp_allow"]


def test_names_of_what_others_have_mounted_are_any_bytes(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    mount = 'mkdir "$0" && mount -t tmpfs tmpfs "$0" && exec "$@"'
    with process(lab, "unshare", "-m", "sh", "-c", mount, "a\rb"):
        assert lab.ok("unload").startswith("detached from veth0")


def test_directories_above_stay(lab: Lab) -> None:
    """They may be anybody's; only those of a load that fails are known to be its own."""
    lab.build()
    lab.ok("load", "--pin", "/sys/fs/bpf/a/b/c")
    lab.ok("unload", "--pin", "/sys/fs/bpf/a/b/c")
    assert lab.must("find", "/sys/fs/bpf/a").split() == ["/sys/fs/bpf/a", "/sys/fs/bpf/a/b"]
