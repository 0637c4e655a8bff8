"""Another program comes between the look and the act: it stays, and nobody calls it his own."""

import os
import sys

import pytest

from .conftest import PIN, XDPCTL, Done, Lab
from .test_all_or_nothing import intercept
from .test_at_once import ended, start
from .test_map_create import WITHOUT_LIBBPF
from .test_refusals import LINK, foreign

THEIRS = "/sys/fs/bpf/theirs"
OFF = "ip link set dev veth0 xdpdrv off"
WAYS = {"libbpf": (XDPCTL,), "ip": (sys.executable, "-c", WITHOUT_LIBBPF)}
"""How a program is taken off: by the call that names the expected one; where there is no libbpf, by `ip`."""


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return WAYS[request.param]


def run(lab: Lab, way: tuple[str, ...], *words: str, env: dict[str, str] | None = None) -> Done:
    done = lab.run(*way, *words, env=env)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def theirs(lab: Lab) -> int:
    """Somebody else's program, which runs nowhere yet; ours runs on veth0."""
    found = foreign(lab)
    lab.must("sh", "-c", OFF)
    lab.build()
    lab.ok("load", "--dev", "veth0")
    return found


def at_call(lab: Lab, program: str, pattern: str, nth: int, script: str) -> dict[str, str]:
    """Once this has been asked for so often, and its answer is out, the script runs."""
    calls = lab.directory.parent / "calls"
    calls.mkdir()
    count = f"n=1; until mkdir {calls}/$n 2>/dev/null; do n=$((n + 1)); done"
    own = lab.must("readlink", "/proc/self/ns/net").strip()  # it looks into all others too
    here = f'[ "$(readlink /proc/self/ns/net)" = "{own}" ]'
    act = f"{count}; [ $n != {nth} ] || {{{{ {script}; }}}}"
    then = f'{{real}} "$@"; status=$?; ! {here} || {{{{ {act}; }}}}; exit $status'
    return intercept(lab, program, pattern, then)


def swap(how: str = "xdpdrv") -> str:
    return f"{OFF}; ip link set dev veth0 {how} pinned {THEIRS}"


def who(program: int, mode: str = "native") -> str:
    return f"theirs (id {program}, {mode} mode), not built by xdpctl, pinned at {THEIRS}"


@pytest.mark.parametrize("how", ["xdpdrv", "xdpgeneric"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_detach(lab: Lab, theirs: int, way: tuple[str, ...], how: str, force: tuple[str, ...]) -> None:
    [(_, ours)] = lab.attached()
    env = at_call(lab, "bpftool", "link show", 1, swap(how))
    done = run(lab, way, "detach", "veth0", *force, env=env)
    mode = {"xdpdrv": "native", "xdpgeneric": "generic"}[how]
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"xdpctl: veth0 by now runs {who(theirs, mode)}, not xdp_allow (id {ours}): nothing was changed",
        "  xdpctl status shows it",
    ]
    assert [program for _, program in lab.attached()] == [theirs]


def test_detach_in_another_namespace(lab: Lab, theirs: int, way: tuple[str, ...]) -> None:
    lab.ok("--netns", "peer", "attach", "veth1")
    enter = "nsenter --net=/run/netns/peer ip link set dev veth1 xdpdrv"
    env = at_call(lab, "bpftool", "link show", 1, f"{enter} off; {enter} pinned {THEIRS}")
    done = run(lab, way, "--netns", "peer", "detach", "veth1", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"veth1 in netns peer by now runs theirs (id {theirs}, native mode)" in done.stderr
    inside = lab.must("nsenter", "--net=/run/netns/peer", "ip", "-d", "link", "show", "dev", "veth1")
    assert f"prog/xdp id {theirs} " in inside


def test_detach_where_somebody_else_has_detached(lab: Lab, theirs: int, way: tuple[str, ...]) -> None:
    [(_, ours)] = lab.attached()
    done = run(lab, way, "detach", "veth0", env=at_call(lab, "bpftool", "link show", 1, OFF))
    assert (done.returncode, done.stdout) == (1, "")
    gone = f"no program runs on veth0 any more: somebody else has taken xdp_allow (id {ours}) off"
    assert done.stderr == f"xdpctl: {gone}\n"


@pytest.mark.parametrize("verb", [("detach", "veth0"), ("unload",)])
def test_the_device_goes(lab: Lab, theirs: int, way: tuple[str, ...], verb: tuple[str, ...]) -> None:
    env = at_call(lab, "ip", "-j -d link show", 2 if verb == ("unload",) else 1, "ip link del veth0")
    done = run(lab, way, *verb, env=env)
    if verb == ("unload",):
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "xdpctl: veth0 has gone meanwhile\n")


@pytest.mark.parametrize("verb", [("attach", "veth0"), ("load", "--dev", "veth0")])
def test_the_device_goes_once_it_has_the_program(
    lab: Lab, way: tuple[str, ...], verb: tuple[str, ...]
) -> None:
    """Then nothing runs on it any more, and nothing is left to undo."""
    lab.build()
    if verb[0] == "attach":
        lab.ok("load")
    pins = lab.pins()
    done = run(lab, way, *verb, env=at_call(lab, "ip", "xdpdrv pinned", 1, "ip link del veth0"))
    assert (done.returncode, done.stdout, lab.pins()) == (2, "", pins)
    assert done.stderr.startswith("xdpctl: there is no device 'veth0'")
    assert "not undone" not in done.stderr


def test_a_link_comes_meanwhile(lab: Lab, theirs: int, way: tuple[str, ...]) -> None:
    (lab.directory / "link.py").write_text(LINK)
    index = lab.link()["ifindex"]
    hold = f"{OFF}; {sys.executable} link.py {THEIRS} {index} /sys/fs/bpf/link"
    done = run(lab, way, "detach", "veth0", env=at_call(lab, "bpftool", "link show", 1, hold))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"veth0 by now runs {who(theirs)}" in done.stderr
    assert [program for _, program in lab.attached()] == [theirs]


@pytest.mark.parametrize("verb", [("detach", "veth0"), ("unload",)])
def test_a_link_holds_ours_meanwhile(
    lab: Lab, theirs: int, way: tuple[str, ...], verb: tuple[str, ...]
) -> None:
    """It came after the look at links."""
    (lab.directory / "link.py").write_text(LINK)
    index = lab.link()["ifindex"]
    hold = f"{OFF}; {sys.executable} link.py {PIN}/xdp_allow {index} /sys/fs/bpf/link"
    before = lab.attached()
    done = run(lab, way, *verb, env=at_call(lab, "bpftool", "link show", 1, hold))
    link = pinned_link(lab)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert f"bpftool link detach id {link}" in done.stderr
    assert lab.attached() == before


def test_another_device_has_the_name_meanwhile(lab: Lab, theirs: int) -> None:
    """By its number, the one that was meant is found; `ip` can't be told that."""
    rename = "ip link set veth0 down; ip link set veth0 name old; ip link add veth0 type veth peer name veth9"
    act = f"{rename}; ip link set dev veth0 xdpdrv pinned {PIN}/xdp_allow"
    done = run(lab, WAYS["ip"], "detach", "veth0", env=at_call(lab, "bpftool", "link show", 1, act))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "xdpctl: veth0 has gone meanwhile\n")
    assert len(lab.attached()) == 1


@pytest.mark.parametrize("how", ["xdpdrv", "xdpgeneric"])
def test_unload(lab: Lab, theirs: int, way: tuple[str, ...], how: str) -> None:
    [(_, ours)] = lab.attached()
    pins = lab.pins()
    done = run(lab, way, "unload", env=at_call(lab, "ip", "-j -d link show", 2, swap(how)))
    assert (done.returncode, done.stdout) == (1, "")
    assert "veth0 by now runs theirs" in done.stderr
    assert f"not xdp_allow (id {ours})" in done.stderr
    assert [program for _, program in lab.attached()] == [theirs]
    assert lab.pins() == pins


def test_unload_from_a_second_device(lab: Lab, theirs: int, way: tuple[str, ...]) -> None:
    """What was taken off the first is put back; that the second runs another program, isn't our loss."""
    lab.ok("--netns", "peer", "attach", "veth1")
    before = lab.state()
    enter = "nsenter --net=/run/netns/peer ip link set dev veth1 xdpdrv"
    swapped = f"{enter} off; {enter} pinned {THEIRS}"
    env = at_call(lab, "nsenter", "--net=/run/netns/peer ip -j", 2, swapped)
    done = run(lab, way, "unload", env=env)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert f"veth1 in netns peer by now runs theirs (id {theirs}, native mode)" in done.stderr
    assert "lost" not in done.stderr
    assert lab.state() == before


def test_unload_where_somebody_else_has_detached(lab: Lab, theirs: int, way: tuple[str, ...]) -> None:
    """Which is what it was to do anyhow."""
    done = run(lab, way, "unload", env=at_call(lab, "ip", "-j -d link show", 2, OFF))
    assert (done.returncode, done.stderr) == (0, "")
    assert (lab.attached(), lab.pins()) == ([], [THEIRS])


@pytest.mark.parametrize("verb", ["attach", "load"])
def test_undoing_an_attach(lab: Lab, theirs: int, way: tuple[str, ...], verb: str) -> None:
    """`ip` took another mode, and another program comes when that was seen."""
    lab.ok("detach", "veth0")
    if verb == "load":
        lab.ok("unload")
    generic = f"{{real}} link set dev veth0 xdpgeneric pinned {PIN}/xdp_allow"
    put = "ip link set dev veth0 xdpgeneric"
    swap_generic = f"{put} off; {put} pinned {THEIRS}"
    env = intercept(lab, "ip", "xdpdrv pinned", f"touch {lab.directory.parent}/acted; {generic}; exit")
    script = (lab.directory.parent / "instead" / "ip").read_text()
    looks = at_call(lab, "ip", "show dev veth0", 3, swap_generic)
    again = (lab.directory.parent / "instead" / "ip").read_text()
    both = "\n".join(script.splitlines()[:-1] + again.splitlines()[1:])
    (lab.directory.parent / "instead" / "ip").write_text(both + "\n")
    words = ("attach", "veth0") if verb == "attach" else ("load", "--dev", "veth0")
    done = run(lab, way, *words, env={**env, **looks})
    assert (done.returncode, done.stdout) == (1, "")
    assert "ip reported success, but veth0 runs xdp_allow" in done.stderr
    assert "left behind" not in done.stderr
    assert "not undone" not in done.stderr
    assert [program for _, program in lab.attached()] == [theirs]


UNDO = """
import os, subprocess, sys
from xdpctl.tools.libbpf import xdp
take_off = xdp.detach
def detach(*arguments):
    take_off(*arguments)
    subprocess.run(["sh", "-c", os.environ["THEN"]], check=True)
    os.kill(os.getpid(), 2)
xdp.detach = detach
from xdpctl.cli import execute
sys.exit(execute(sys.argv[1:]))
"""


@pytest.mark.parametrize("how", ["xdpdrv", "xdpgeneric"])
@pytest.mark.parametrize("verb", [("detach", "veth0"), ("unload",)])
def test_undoing_a_detach(lab: Lab, theirs: int, verb: tuple[str, ...], how: str) -> None:
    """Interrupted, when somebody else has put a program there: ours isn't put back, and is told as lost."""
    [(_, ours)] = lab.attached()
    env = {"THEN": f"ip link set dev veth0 {how} pinned {THEIRS}"}
    done = lab.run(sys.executable, "-c", UNDO, *verb, env=env)
    assert (done.returncode, done.stdout) == (130, "")
    mode = {"xdpdrv": "native", "xdpgeneric": "generic"}[how]
    assert f"veth0 by now runs {who(theirs, mode)}: nothing was changed" in done.stderr
    assert f"lost: xdp_allow (id {ours}, native mode) on veth0" in done.stderr
    assert [program for _, program in lab.attached()] == [theirs]


@pytest.mark.parametrize("verb", [("detach", "veth0"), ("unload",)])
def test_undoing_a_detach_where_ours_is_back(lab: Lab, theirs: int, verb: tuple[str, ...]) -> None:
    """Somebody else has put it there: there is nothing left to do."""
    before = lab.state()
    done = lab.run(
        sys.executable,
        "-c",
        UNDO,
        *verb,
        env={"THEN": f"ip link set dev veth0 xdpdrv pinned {PIN}/xdp_allow"},
    )
    assert (done.returncode, done.stderr) == (130, "xdpctl: interrupted, and all undone\n")
    assert lab.state() == before


def test_undoing_a_detach_where_another_is_pinned_there(lab: Lab, theirs: int) -> None:
    """Under the name of ours, which is pinned nowhere any more: it isn't put on the device in its place."""
    env = {"THEN": f"rm {PIN}/xdp_allow; bpftool prog pin id {theirs} {PIN}/xdp_allow"}
    done = lab.run(sys.executable, "-c", UNDO, "detach", "veth0", env=env)
    assert done.returncode == 130
    assert "lost: xdp_allow" in done.stderr
    assert lab.attached() == []


def test_ip_is_killed_when_it_has_detached(lab: Lab) -> None:
    """Then ours is put back; before, it was told as lost."""
    lab.build()
    lab.ok("load", "--dev", "veth0")
    before = lab.state()
    env = intercept(lab, "ip", "xdpdrv off", '{real} "$@"; kill -9 $$')
    for verb in (("detach", "veth0"), ("unload",)):
        done = run(lab, WAYS["ip"], *verb, env=env)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("xdpctl: failed to detach from veth0: ip was ended by signal 9")
        assert "lost" not in done.stderr
        assert lab.state() == before


def test_what_is_shown_is_the_line_of_ip(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    assert OFF in lab.ok("--dry-run", "detach", "veth0").splitlines()
    assert OFF in lab.xdpctl("--show-commands", "detach", "veth0").stderr.splitlines()


# --- several at once ---


MANY = 40


@pytest.mark.parametrize("more", [(), ("--dev", "veth0")], ids=["", "dev"])
def test_unloads_at_once(lab: Lab, more: tuple[str, ...]) -> None:
    """One does it, and the others see that."""
    lab.build()
    lab.ok("load", *more)
    done = [ended(process) for process in [start(lab, "unload") for _ in range(MANY)]]
    assert [d.returncode for d in done].count(0) == 1, [d.stderr for d in done]
    for loser in (d for d in done if d.returncode):
        assert loser.returncode in (1, 2)
        assert loser.stdout == ""
        assert loser.stderr.startswith(f"xdpctl: no XDP program is pinned in {PIN}"), loser.stderr
        assert "not undone" not in loser.stderr
        assert "lost" not in loser.stderr
    assert (lab.attached(), lab.pins()) == ([], [])


def test_detaches_at_once(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    done = [ended(process) for process in [start(lab, "detach", "veth0") for _ in range(MANY // 2)]]
    assert [d.returncode for d in done].count(0) == 1, [d.stderr for d in done]
    for loser in (d for d in done if d.returncode):
        assert loser.returncode in (1, 2)
        assert loser.stdout == ""
        assert loser.stderr.startswith("xdpctl: no program runs on veth0"), loser.stderr
    assert lab.attached() == []
    lab.ok("unload")


@pytest.mark.parametrize(
    ("program", "pattern", "nth"),
    [
        ("bpftool", "prog show", 1),
        ("bpftool", "map show", 1),
        ("bpftool", "link show", 1),
        ("ip", "-j -d link show", 1),
        ("ip", "-j -d link show", 2),
        ("ip", "show dev veth0", 1),
        ("ip", "show dev veth0", 2),
    ],
)
def test_another_unload_is_faster(
    lab: Lab, theirs: int, way: tuple[str, ...], program: str, pattern: str, nth: int
) -> None:
    """After whichever look: it has come first, and nothing of it is undone."""
    other = f"{OFF}; rm -r {PIN}"
    done = run(lab, way, "unload", env=at_call(lab, program, pattern, nth, other))
    reached = len(os.listdir(lab.directory.parent / "calls")) >= nth
    if not reached:
        assert done.returncode == 0
        return
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    gone = f"xdpctl: no XDP program is pinned in {PIN} any more: somebody else has unloaded it meanwhile\n"
    assert done.stderr == gone
    assert (lab.attached(), lab.pins()) == ([], [THEIRS])


# --- bpf links ---


@pytest.fixture
def link(lab: Lab) -> int:
    """The number of a bpf link that holds our program on veth0."""
    lab.build()
    lab.ok("load")
    index = str(lab.link()["ifindex"])
    lab.must(sys.executable, "-c", LINK, f"{PIN}/xdp_allow", index, "/sys/fs/bpf/link")
    return pinned_link(lab)


def pinned_link(lab: Lab) -> int:
    """bpftool 7.5 shows it, and fails all the same."""
    return int(lab.run("bpftool", "link", "show", "pinned", "/sys/fs/bpf/link").stdout.split(":")[0])


@pytest.mark.parametrize("words", [("detach", "veth0"), ("detach", "veth0", "--force"), ("unload",)])
def test_a_link_is_named_by_its_number(
    lab: Lab, link: int, way: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = lab.state()
    done = run(lab, way, *words)
    assert (done.returncode, done.stdout, lab.state()) == (1, "", before)
    assert f"bpf link {link}" in done.stderr
    assert f"bpftool link detach id {link}" in done.stderr
    lab.must("bpftool", "link", "detach", "id", str(link))
    assert lab.attached() == []
