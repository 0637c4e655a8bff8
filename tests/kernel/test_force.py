"""Programs that are pinned where one didn't say, or weren't built by xdpctl: `--force` alone takes them."""

import pytest

from .conftest import PIN, XDPCTL, Lab
from .test_refusals import foreign

ROOT, MINE = "/sys/fs/bpf", "/sys/fs/bpf/mine"


def test_a_program_that_is_pinned_in_another_directory_is_not_detached(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0", "--pin", MINE)
    [(_, program)] = lab.attached()
    who = f"veth0 runs xdp_allow (id {program}, native mode), built by xdpctl, pinned at {MINE}/xdp_allow"
    said = lab.refused(1, who, "detach", "veth0")
    assert f"xdpctl detach veth0 --pin {MINE}\n" in said
    assert "xdpctl detach veth0 --force\n" in said
    lab.refused(1, who, "detach", "veth0", env={"XDPCTL_PIN": f"{MINE}2"})
    lab.refused(1, who, "--dry-run", "detach", "veth0")
    for options, env in ((("--pin", MINE), None), ((), {"XDPCTL_PIN": MINE}), (("--force",), None)):
        assert lab.xdpctl("detach", "veth0", *options, env=env).returncode == 0
        assert lab.attached() == []
        lab.ok("attach", "veth0", "--pin", MINE)


def test_a_program_of_ours_that_is_pinned_nowhere_is_detached(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    lab.must("rm", "-r", PIN)
    lab.ok("detach", "veth0")
    assert lab.attached() == []


def test_a_foreign_program_stays_in_the_root_of_bpffs(lab: Lab) -> None:
    theirs = foreign(lab)
    for pin in (ROOT, f"{ROOT}/", f"{ROOT}/ebpf/.."):
        who = f"theirs (id {theirs}), pinned in {ROOT}, wasn't built by xdpctl"
        said = lab.refused(1, who, "unload", "--pin", pin)
        assert f"xdpctl unload --pin {ROOT} --force" in said
        lab.refused(1, f"veth0 runs theirs (id {theirs}", "detach", "veth0", "--pin", pin)
    lab.refused(1, "wasn't built by xdpctl", "unload", env={"XDPCTL_PIN": ROOT})
    lab.refused(1, "wasn't built by xdpctl", "--dry-run", "unload", "--pin", ROOT)
    said = lab.ok("unload", "--pin", ROOT, "--force")
    assert said == f"detached from veth0\nunloaded theirs from {ROOT}\n"
    assert (lab.attached(), lab.pins()) == ([], [])


def test_a_foreign_program_stays_beside_others(lab: Lab) -> None:
    """A directory of several programs isn't what `load` makes."""
    foreign(lab)
    lab.must("mkdir", MINE)
    lab.must("mv", f"{ROOT}/theirs", f"{MINE}/theirs")
    lab.build()
    lab.must("bpftool", "-n", "prog", "load", "bpf/xdp_allow.bpf.o", f"{MINE}/xdp_allow", "type", "xdp")
    lab.refused(1, "wasn't built by xdpctl", "unload", "--pin", MINE)
    lab.refused(1, "veth0 runs theirs", "detach", "veth0", "--pin", MINE)
    lab.must("rm", f"{MINE}/xdp_allow")
    lab.ok("unload", "--pin", MINE)
    assert (lab.attached(), lab.pins()) == ([], [])


def test_another_bpffs_has_a_root_too(lab: Lab) -> None:
    theirs = foreign(lab)
    where = str(lab.directory / "bpffs")
    lab.must("mkdir", where)
    lab.must("mount", "--bind", ROOT, where)
    lab.refused(1, f"theirs (id {theirs}), pinned in {where}", "unload", "--pin", where)


@pytest.mark.parametrize("pin", [PIN, MINE])
def test_what_students_load_is_theirs(lab: Lab, pin: str) -> None:
    foreign(lab, "hello")
    lab.must("rm", f"{ROOT}/hello")
    lab.must("ip", "link", "set", "dev", "veth0", "xdpdrv", "off")
    lab.ok("load", "hello.o", "--pin", pin, "--dev", "veth0")
    lab.ok("detach", "veth0", "--pin", pin)
    lab.ok("attach", "veth0", "--pin", pin)
    assert lab.ok("unload", "--pin", pin).endswith(f"unloaded hello from {pin}\n")
    assert lab.pins() == []


def test_our_own_in_the_root_of_bpffs(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--pin", ROOT, "--dev", "veth0")
    lab.ok("unload", "--pin", ROOT)
    assert (lab.attached(), lab.pins()) == ([], [])


def test_a_program_that_is_pinned_twice(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    [(_, program)] = lab.attached()
    lab.must("mkdir", MINE)
    lab.must("bpftool", "prog", "pin", "pinned", f"{PIN}/xdp_allow", f"{MINE}/again")
    said = lab.refused(1, f"xdp_allow is pinned at {MINE}/again too", "unload")
    assert f"xdpctl unload --pin {PIN} --force" in said
    assert lab.ok("unload", "--force") == f"detached from veth0\nunloaded xdp_allow from {PIN}\n"
    assert (lab.attached(), lab.pins()) == ([], [MINE])
    assert not lab.program_exists(program)


def test_nobody_is_told_to_remove_what_is_no_directory_of_pins(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    for directory in (ROOT, "/etc", "/"):
        said = lab.refused(2, f"no XDP program is pinned in {directory}", "unload", "--pin", directory)
        assert "rm -r" not in said
        drop = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", XDPCTL)
        done = lab.run(*drop, "--dry-run", "unload", "--pin", directory)
        assert (done.returncode, done.stdout) == (3, "")
