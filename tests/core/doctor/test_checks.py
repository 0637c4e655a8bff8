"""Every finding about the kernel, good and bad, and what all of them are together."""

import pytest
from msgspec.structs import replace

from xdpctl.core.doctor.checks import examine
from xdpctl.core.doctor.finding import State, healthy
from xdpctl.core.doctor.host_facts import CommandAnswer
from xdpctl.core.machine.mounts import Mount

from .machines import BPFTOOL, CAPABILITIES, HEALTHY, NOBODY, SYS, bad, expect, finding, good, note


def test_a_healthy_machine() -> None:
    findings = examine(HEALTHY)
    assert healthy(findings)
    kernel = "privileges kernel bpf xdp frags btf jit bpffs lockdown unprivileged"
    assert [f.name for f in findings] == f"{kernel} clang headers bpftool libbpf iproute2".split()
    assert {f.name for f in findings if f.state is not State.GOOD} == {"unprivileged"}


def test_a_machine_with_nothing() -> None:
    bare = replace(NOBODY, clang=None, bpftool=None, ip=None, filesystems=frozenset({"proc"}))
    bare = replace(bare, unprivileged=None, mounted=(SYS,), kernel="4.4.0", jit=None, config="")
    findings = examine(bare)
    assert not healthy(findings)
    wrong = {f.name for f in findings if f.state is State.BAD}
    assert wrong == {"privileges", "kernel", "bpf", "bpffs", "clang", "bpftool", "iproute2"}
    assert all(f.remedy for f in findings if f.state is State.BAD)


def test_without_proc_nothing_is_judged() -> None:
    [found] = examine(replace(HEALTHY, filesystems=frozenset()))
    bad("/proc isn't mounted", "mount -t proc proc /proc", found)


def test_privileges() -> None:
    good("root", finding("privileges"))
    good("user 1000, with CAP_SYS_ADMIN", finding("privileges", uid=1000))
    bad(
        "user 65534, without CAP_SYS_ADMIN and CAP_NET_ADMIN",
        "run it with sudo",
        finding("privileges", NOBODY),
    )
    found = finding("privileges", uid=1000, capabilities=frozenset({"CAP_BPF", "CAP_NET_ADMIN"}))
    bad("without CAP_SYS_ADMIN:", "run it with sudo", found)


def test_root_of_a_container() -> None:
    found = finding("privileges", capabilities=frozenset({"CAP_SYS_ADMIN"}))
    remedy = "run it outside of the container, or start that with --cap-add NET_ADMIN"
    bad("root, without CAP_NET_ADMIN", remedy, found)
    found = finding("privileges", user_namespace=True)
    assert found.state is State.BAD
    assert "root of a user namespace" in found.found


@pytest.mark.parametrize("kernel", ["5.10.0", "5.10.0-28-amd64", "6.18.44", "10.0-rc1"])
def test_new_enough_kernels(kernel: str) -> None:
    good(f"{kernel} (5.10 or newer is needed)", finding("kernel", kernel=kernel))


@pytest.mark.parametrize("kernel", ["5.9.16", "4.19.0-26-amd64", "strange"])
def test_old_kernels(kernel: str) -> None:
    found = finding("kernel", kernel=kernel)
    remedy = "apt-get install linux-image-$(dpkg --print-architecture) && reboot"
    bad(f"{kernel}, but 5.10 or newer is needed", remedy, found)


def test_old_kernel_of_an_unknown_distribution() -> None:
    found = finding("kernel", kernel="4.19.0", os_release="")
    bad("5.10", "boot a newer kernel of your distribution", found)


def test_bpf() -> None:
    good("bpf()", finding("bpf"))
    good("bpf()", finding("bpf", filesystems=frozenset({"proc"})))
    lacking = finding("bpf", filesystems=frozenset({"proc"}), unprivileged=None)
    assert lacking.state is State.BAD
    assert "CONFIG_BPF_SYSCALL" in lacking.found


def test_xdp() -> None:
    good("takes an XDP program", finding("xdp"))
    refuses = replace(BPFTOOL, probe=CommandAnswer(True, '{"program_types":{"have_xdp_prog_type":false}}'))
    found = finding("xdp", bpftool=refuses)
    assert found.state is State.BAD
    assert "CONFIG_NET" in found.remedy


def test_xdp_that_cannot_be_tried() -> None:
    note("without root", "", finding("xdp", NOBODY))
    note("without bpftool", "", finding("xdp", bpftool=None))
    note("without bpftool", "", finding("xdp", bpftool=replace(BPFTOOL, version=CommandAnswer(False))))
    lacks = replace(BPFTOOL, probe=CommandAnswer(False, '{"error":"missing CAP_PERFMON"}'))
    note("can't be tried: missing CAP_PERFMON", "", finding("xdp", bpftool=lacks))


def test_frags() -> None:
    good("frags = true", finding("frags", kernel="5.18.0"))
    note("need Linux 5.18 or newer: they can't be loaded here", "", finding("frags", kernel="5.17.9"))


def test_btf() -> None:
    good("/sys/kernel/btf/vmlinux", finding("btf"))
    note("counters do without", "boot a kernel with CONFIG_DEBUG_INFO_BTF", finding("btf", btf=False))


def test_jit() -> None:
    good("on (net.core.bpf_jit_enable = 1)", finding("jit"))
    note("off", "sysctl -w net.core.bpf_jit_enable=1", finding("jit", jit="0"))


@pytest.mark.parametrize(
    ("config", "state", "says"),
    [
        ("CONFIG_BPF_JIT=y\nCONFIG_BPF_JIT_ALWAYS_ON=y\n", State.GOOD, "always on"),
        ("# CONFIG_BPF_JIT is not set\n", State.NOTE, "has none"),
        ("CONFIG_BPF_JIT=y\n", State.NOTE, "can't be seen"),
        ("", State.NOTE, "can't be seen"),
    ],
)
def test_jit_in_another_network_namespace(config: str, state: State, says: str) -> None:
    expect(state, says, "", finding("jit", jit=None, config=config))


def test_bpffs() -> None:
    good("mounted at /sys/fs/bpf", finding("bpffs"))
    good("`xdpctl load` mounts it", finding("bpffs", mounted=(SYS,)))
    note("as root", "mount -t bpf bpf /sys/fs/bpf", finding("bpffs", NOBODY, mounted=(SYS,)))
    bad("is read-only", "mount -o remount,rw /sys/fs/bpf", finding("bpffs", bpffs_read_only=True))


def test_bpffs_that_cannot_be_mounted() -> None:
    covered = (SYS, Mount("/sys/fs/bpf", "tmpfs"))
    remedy = "umount /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf"
    bad("is a tmpfs", remedy, finding("bpffs", mounted=covered))
    bare = finding("bpffs", mounted=(), bpffs_directory=False)
    bad("no directory", "mount -t sysfs sysfs /sys", bare)
    unknown = finding("bpffs", mounted=(SYS,), filesystems=frozenset({"proc"}), unprivileged=None)
    assert unknown.state is State.BAD


def test_lockdown() -> None:
    good("none", finding("lockdown"))
    good("counters load", finding("lockdown", lockdown="none [integrity] confidentiality\n"))
    locked = finding("lockdown", lockdown="none integrity [confidentiality]\n")
    note("bpf_printk", "boot with lockdown=integrity", locked)
    good("has none", finding("lockdown", lockdown=None))
    mount = "mount -t securityfs securityfs /sys/kernel/security"
    note("can't be seen", mount, finding("lockdown", lockdown=None, mounted=(SYS,)))


def test_unprivileged_bpf_is_only_information() -> None:
    note("only root", "", finding("unprivileged"))
    note("users other than root", "", finding("unprivileged", unprivileged="0"))
    note("can't be seen", "", finding("unprivileged", unprivileged=None))


def test_locked_memory_matters_to_old_kernels_only() -> None:
    tiny = (64 << 10, 64 << 10)
    poor = replace(HEALTHY, capabilities=CAPABILITIES - {"CAP_SYS_RESOURCE"}, locked_memory=tiny)
    assert "memlock" not in [f.name for f in examine(replace(poor, kernel="5.11.0"))]
    old = replace(poor, kernel="5.10.200")
    assert finding("memlock", old).state is State.BAD
    assert "64 KiB" in finding("memlock", old).found
    assert finding("memlock", old).remedy.startswith("ulimit -l unlimited")
    good("enough", finding("memlock", old, locked_memory=(8 << 20, 8 << 20)))
    for lifted in ({"capabilities": CAPABILITIES}, {"locked_memory": (-1, -1)}, {"locked_memory": (1, -1)}):
        good("bpftool lifts", finding("memlock", old, **lifted))
    note("without root", "", finding("memlock", NOBODY, kernel="5.10.200"))


def test_entries_of_path_that_root_skips() -> None:
    assert "path" not in {found.name for found in examine(HEALTHY)}
    skipped = {"": "that isn't a whole path", "/home/u/bin": "/home/u belongs to user 1000"}
    found = finding("path", skipped=skipped)
    expect(State.NOTE, "an empty entry (that isn't a whole path); /home/u/bin (/home/u belongs", "", found)
