"""Several that load and attach at the same time: one wins, and the others undo what they did themselves.

XDPCTL_ROUNDS=50 has them race more often.
"""

import os
import subprocess

import pytest

from .conftest import PIN, XDPCTL, Done, Lab, until
from .test_all_or_nothing import intercept

ROUNDS = int(os.environ.get("XDPCTL_ROUNDS", "0"))
MANY = 40
OTHER = "/sys/fs/bpf/other"
BY_HAND = f"{{real}} link set dev veth0 xdpdrv pinned {PIN}/xdp_allow"
IN_GENERIC_MODE = BY_HAND.replace("xdpdrv", "xdpgeneric")


def start(lab: Lab, *arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    env = {**os.environ, **(env or {})}
    return subprocess.Popen(
        lab.enter(XDPCTL, *arguments), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, env=env
    )


def ended(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return Done(process.args, process.returncode, out, err)


def at_once(lab: Lab, *commands: tuple[str, ...]) -> tuple[Done, list[Done]]:
    """The one that succeeded, and the others, none of which calls anything its own that isn't."""
    done = [ended(process) for process in [start(lab, *arguments) for arguments in commands]]
    said = "\n".join(f"{d.returncode}: {d.stdout}{d.stderr}" for d in done)
    won = [d for d in done if d.returncode == 0]
    assert len(won) == 1, said
    for word in ("left behind", "lost", "not undone"):
        assert word not in said
    lost = [d for d in done if d.returncode]
    assert [d.stdout for d in lost] == [""] * len(lost)
    return won[0], lost


def test_maps_in_a_new_directory(lab: Lab) -> None:
    types = ("--key", "u32", "--value", "u64")
    for round_ in range(ROUNDS or 3):
        directory = f"/sys/fs/bpf/new{round_}/deeper"
        running = [start(lab, "map", "create", f"m{i}", "--pin", directory, *types) for i in range(8)]
        assert [(done.returncode, done.stderr) for done in map(ended, running)] == [(0, "")] * 8


@pytest.mark.parametrize(
    ("many", "rounds"), [(2, ROUNDS or 5), (MANY, max(1, ROUNDS * 2 // 5))], ids=["two", "many"]
)
def test_attaches(lab: Lab, many: int, rounds: int) -> None:
    lab.build()
    lab.ok("load")
    pins = lab.pins()
    for _ in range(rounds):
        won, lost = at_once(lab, *[("attach", "veth0")] * many)
        assert won.stdout == "attached xdp_allow to veth0 in native mode\n"
        assert {d.returncode for d in lost} == {1}
        for loser in lost:
            assert "already runs xdp_allow" in loser.stderr or "another program came first" in loser.stderr
        assert len(lab.attached()) == 1
        assert lab.pins() == pins
        lab.ok("detach", "veth0")


@pytest.mark.parametrize("many", [2, 10])
@pytest.mark.parametrize("more", [(), ("--dev", "veth0")], ids=["", "dev"])
def test_loads_into_one_directory(lab: Lab, many: int, more: tuple[str, ...]) -> None:
    lab.build()
    for _ in range(ROUNDS or 2):
        _, lost = at_once(lab, *[("load", *more)] * many)
        for loser in lost:
            assert loser.returncode == 1
            assert f"{PIN} already holds xdp_allow" in loser.stderr
        assert lab.pins() == [PIN, f"{PIN}/pkt_cnt", f"{PIN}/xdp_allow"]
        assert len(lab.attached()) == bool(more)
        lab.ok("unload")


def test_loads_of_two_programs_into_one_directory(lab: Lab) -> None:
    """A directory holds one program, though names of two are not in each other's way."""
    lab.build()
    lab.ok("build", "--program", "second", "--map", "second_map")
    for _ in range(ROUNDS or 2):
        at_once(lab, *[("load", f"bpf/{name}.bpf.o") for name in ("xdp_allow", "second")])
        assert len(lab.pins()) == 3
        lab.ok("unload")


def test_loads_for_one_device(lab: Lab) -> None:
    """Each pins in a directory of its own; the loser's is gone again."""
    lab.build()
    for _ in range(ROUNDS or 2):
        won, lost = at_once(lab, *[("load", "--pin", pin, "--dev", "veth0") for pin in (PIN, OTHER)])
        assert lost[0].returncode == 1
        pin = PIN if PIN in won.stdout else OTHER
        assert lab.pins() == [pin, f"{pin}/pkt_cnt", f"{pin}/xdp_allow"]
        assert len(lab.attached()) == 1
        lab.ok("unload", "--pin", pin)


def test_a_load_beside_an_attach(lab: Lab) -> None:
    """The attach comes too early, or too late: there is no program, or it runs."""
    lab.build()
    for _ in range(ROUNDS or 2):
        won, _ = at_once(lab, ("load", "--dev", "veth0"), ("attach", "veth0"))
        assert won.stdout.startswith("loaded xdp_allow")
        assert lab.pins() == [PIN, f"{PIN}/pkt_cnt", f"{PIN}/xdp_allow"]
        assert len(lab.attached()) == 1
        lab.ok("unload")


def test_loads_where_bpffs_is_not_mounted(lab: Lab) -> None:
    lab.build()
    for _ in range(ROUNDS or 1):
        lab.must("umount", "/sys/fs/bpf")
        at_once(lab, ("load",), ("load",), ("load",))
        assert lab.must("grep", "-c", " /sys/fs/bpf ", "/proc/self/mounts") == "1\n"
        lab.ok("unload")


@pytest.mark.parametrize(
    ("hand", "reason"),
    [
        (BY_HAND, "XDP program already attached."),
        (IN_GENERIC_MODE, "Native and generic XDP can't be active at the same time."),
    ],
)
def test_somebody_else_attaches_the_same_program_meanwhile(lab: Lab, hand: str, reason: str) -> None:
    """By hand, between our look and our `ip`: it stays, in whatever mode we would have it."""
    lab.build()
    lab.ok("load")
    env = intercept(lab, "ip", "xdpdrv pinned", hand)
    done = lab.xdpctl("attach", "veth0", env=env)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"xdpctl: failed to attach to veth0: {reason}",
        "  another program came first: xdpctl status shows it",
    ]
    assert len(lab.attached()) == 1


def test_somebody_else_attaches_what_is_being_loaded(lab: Lab) -> None:
    """The pins go, which are ours; the program runs on, which isn't our doing, and not told as such."""
    lab.build()
    done = lab.xdpctl("load", "--dev", "veth0", env=intercept(lab, "ip", "xdpdrv pinned", BY_HAND))
    assert done.returncode == 1
    assert "another program came first" in done.stderr
    assert "left behind" not in done.stderr
    assert lab.pins() == []
    assert len(lab.attached()) == 1


def test_somebody_else_pins_there_meanwhile(lab: Lab) -> None:
    """Into the directory that we made, under our names: all of it stays, and isn't told as ours."""
    lab.build()
    hand = f'{{real}} -n prog load "$5" {PIN}/xdp_allow type xdp pinmaps {PIN}'
    done = lab.xdpctl("load", "--dev", "veth0", env=intercept(lab, "bpftool", "prog load", hand))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "xdpctl: failed to load xdp_allow: something is pinned there already",
        "  xdpctl status shows what, and where",
    ]
    assert {f"{PIN}/pkt_cnt", f"{PIN}/xdp_allow"} < set(lab.pins())


def test_somebody_else_pins_in_a_bpffs_that_we_mounted(lab: Lab) -> None:
    """It stays mounted, though we fail."""
    lab.build()
    lab.must("umount", "/sys/fs/bpf")
    hand = "{real} -n map create /sys/fs/bpf/m type array key 4 value 4 entries 1 name m; echo no >&2; exit 1"
    done = lab.xdpctl("load", env=intercept(lab, "bpftool", "prog load", hand))
    assert (done.returncode, done.stderr) == (1, "xdpctl: failed to load xdp_allow: no\n")
    assert lab.pins() == ["/sys/fs/bpf/m"]


def test_somebody_else_pins_a_map_there_meanwhile(lab: Lab) -> None:
    """bpftool has pinned the program by then, and takes that away itself."""
    lab.build()
    hand = f"{{real}} -n map create {PIN}/pkt_cnt type array key 4 value 4 entries 1 name m"
    done = lab.xdpctl("load", env=intercept(lab, "bpftool", "prog load", hand))
    assert done.returncode == 1
    assert "left behind" not in done.stderr
    assert lab.pins() == [PIN, f"{PIN}/pkt_cnt"]


@pytest.mark.parametrize("acts", ["", BY_HAND + "; "], ids=["before it acts", "when it has acted"])
def test_ip_is_killed_while_another_attach_waits(lab: Lab, acts: str) -> None:
    """Both would attach the same program: what the second did is not undone by the first."""
    lab.build()
    lab.ok("load")
    started = lab.directory.parent / "started"
    script = f"touch {started}; {acts}sleep 1; kill -9 $$"
    first = start(lab, "attach", "veth0", env=intercept(lab, "ip", "xdpdrv pinned", script))
    until(started.exists, first)
    second = start(lab, "attach", "veth0")
    killed, other = ended(first), ended(second)
    assert killed.returncode == 1
    assert "ip was ended by signal 9 (SIGKILL)" in killed.stderr
    assert "left behind" not in killed.stderr
    assert other.stdout == "attached xdp_allow to veth0 in native mode\n", other.stderr
    assert len(lab.attached()) == 1


def test_whoever_waits_in_vain_goes_on(lab: Lab) -> None:
    """Somebody may hold the lock for ever: it is a courtesy, and the kernel decides."""
    lab.build()
    lab.ok("load")
    done = lab.run("flock", "/sys/fs/bpf", XDPCTL, "attach", "veth0")
    assert (done.returncode, done.stdout) == (0, "attached xdp_allow to veth0 in native mode\n")
