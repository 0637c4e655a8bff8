"""After its last step, what was done is told, whatever comes then: a failure to look, or a signal."""

import os
import signal
import subprocess
import sys

import pytest

from .conftest import PIN, XDPCTL, Lab, until
from .test_all_or_nothing import intercept
from .test_map_create import WITHOUT_LIBBPF
from .test_refusals import LINK

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
HOLD = LINK.split("keep = ctypes")[0] + (
    "keep = ctypes.create_string_buffer(sys.argv[1].encode())\n"
    "bpf(7, struct.pack('QII', ctypes.addressof(keep), 0, 0))\n"
    "print('held', flush=True)\nsys.stdin.read()\n"
)


WITHOUT = (sys.executable, "-c", WITHOUT_LIBBPF)
"""An xdpctl that takes programs off by `ip`."""


@pytest.fixture(params=[(XDPCTL,), WITHOUT], ids=["libbpf", "ip"])
def way(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return tuple(request.param)


def after_detaching(lab: Lab, way: tuple[str, ...], script: str) -> dict[str, str]:
    """What `ip` does once the program was taken off: by another `ip`, or after a first look."""
    flag, sign = lab.directory.parent / "off", "*off" if way == WITHOUT else "*show*"
    then = f"[ -e {flag} ] && {{{{ {script}; }}}}"
    off = f'case "$*" in *show*) {then};; esac; case "$*" in {sign}) touch {flag};; esac; exec {{real}} "$@"'
    return intercept(lab, "ip", "", off)


def interrupted(
    lab: Lab, number: int, env: dict[str, str], started: str, *argv: str, way: tuple[str, ...] = (XDPCTL,)
) -> tuple[int, str, str]:
    """The end of an xdpctl that gets a signal once something is there, or has gone."""

    def is_there() -> bool:
        return lab.run("test", "-e", started).returncode == 0

    there = is_there()
    with subprocess.Popen(
        lab.enter(*way, *argv),
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: is_there() != there, process)
        process.send_signal(number)
        out, err = process.communicate()
    assert "Traceback" not in err
    return process.returncode, out, err


def loaded(lab: Lab) -> str:
    """What detaching the program from veth0 is to say."""
    lab.build()
    lab.ok("load", "--dev", "veth0")
    [(_, program)] = lab.attached()
    return f"detached xdp_allow (id {program}, native mode) from veth0\n"


def test_detach_cannot_look(lab: Lab, way: tuple[str, ...]) -> None:
    said = loaded(lab)
    env = after_detaching(lab, way, "echo no memory >&2; exit 1")
    done = lab.run(*way, "detach", "veth0", env=env)
    assert (done.returncode, done.stdout) == (1, said)
    assert "whether veth0 still runs xdp_allow can't be seen: " in done.stderr
    assert "no memory" in done.stderr
    assert lab.attached() == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_detach_looks(lab: Lab, number: signal.Signals, way: tuple[str, ...]) -> None:
    said = loaded(lab)
    started = lab.directory.parent / "started"
    env = after_detaching(lab, way, f"touch {started}; sleep 5")
    code, out, err = interrupted(lab, number, env, str(started), "detach", "veth0", way=way)
    assert (code, out) == (130, said)
    assert err == "xdpctl: interrupted before it was seen whether veth0 still runs xdp_allow\n"
    assert lab.attached() == []


def test_an_ip_that_does_nothing(lab: Lab) -> None:
    """Then nothing was done, and nothing is said to be."""
    loaded(lab)
    done = lab.run(*WITHOUT, "detach", "veth0", env=intercept(lab, "ip", "off", "exit 0"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "veth0 still runs xdp_allow" in done.stderr


def test_unload_cannot_look(lab: Lab) -> None:
    loaded(lab)
    env = intercept(
        lab, "bpftool", "prog show", f'[ -e {PIN} ] && exec {{real}} "$@"; echo broken >&2; exit 1'
    )
    done = lab.xdpctl("unload", env=env)
    assert (done.returncode, done.stdout) == (1, f"detached from veth0\nunloaded xdp_allow from {PIN}\n")
    assert done.stderr == "xdpctl: whether xdp_allow is still in the kernel can't be seen: bpftool: broken\n"
    assert (lab.attached(), lab.pins()) == ([], [])


def test_what_somebody_holds_stays_in_the_kernel(lab: Lab) -> None:
    loaded(lab)
    command = lab.enter(sys.executable, "-c", HOLD, f"{PIN}/pkt_cnt")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = lab.xdpctl("unload")
        holder.communicate()
    assert (done.returncode, done.stdout) == (4, "detached from veth0\n")
    assert "detached and unpinned, but map pkt_cnt (id " in done.stderr
    assert (lab.attached(), lab.pins()) == ([], [])


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_unload_waits(lab: Lab, number: signal.Signals) -> None:
    loaded(lab)
    command = lab.enter(sys.executable, "-c", HOLD, f"{PIN}/pkt_cnt")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        code, out, err = interrupted(lab, number, {}, PIN, "unload")
        holder.communicate()
    assert (code, out) == (130, f"detached from veth0\nunloaded xdp_allow from {PIN}\n")
    assert err == "xdpctl: interrupted before it was seen whether xdp_allow is still in the kernel\n"
    assert (lab.attached(), lab.pins()) == ([], [])


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_the_last_step_undoes_it(lab: Lab, number: signal.Signals) -> None:
    loaded(lab)
    before = lab.state()
    started = lab.directory.parent / "started"
    env = intercept(lab, "ip", "off", f'{{real}} "$@"; touch {started}; sleep 1; exit')
    for verb in (("detach", "veth0"), ("unload",)):
        code, out, err = interrupted(lab, number, env, str(started), *verb, way=WITHOUT)
        assert (code, out, err) == (130, "", "xdpctl: interrupted, and all undone\n")
        assert lab.state() == before
        started.unlink()


def test_a_signal_while_an_element_is_written(lab: Lab) -> None:
    loaded(lab)
    started = lab.directory.parent / "started"
    env = intercept(lab, "bpftool", "map update", f'{{real}} "$@"; touch {started}; sleep 1; exit')
    code, out, err = interrupted(lab, signal.SIGINT, env, str(started), *"map set pkt_cnt 0 7".split())
    assert (code, out, err) == (130, "", "xdpctl: interrupted after 1 of 1 elements\n")
    assert lab.dump() == {0: 7}
