"""Facts of machines made by hand, and what a finding about them is compared with."""

from typing import Any

from msgspec.structs import replace

from xdpctl.core.doctor.checks import examine
from xdpctl.core.doctor.finding import Finding, State
from xdpctl.core.doctor.host_facts import Bpftool, Clang, CommandAnswer, Facts, Ip
from xdpctl.core.machine.mounts import Mount

DEBIAN, UBUNTU = "ID=debian\n", "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=24.04\n"
CAPABILITIES = frozenset({"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_BPF", "CAP_SYS_RESOURCE"})
SYS = Mount("/sys", "sysfs")
MOUNTED = (SYS, Mount("/sys/fs/bpf", "bpf"), Mount("/sys/kernel/security", "securityfs"))
FOUND = {
    "linux/bpf.h": CommandAnswer(
        True, "null.o: /dev/null /usr/include/linux/bpf.h \\\n /usr/include/linux/types.h"
    ),
    "bpf/bpf_helpers.h": CommandAnswer(True, "null.o: /dev/null \\\n  /usr/include/bpf/bpf_helpers.h"),
    "asm/types.h": CommandAnswer(True, "null.o: /dev/null /usr/include/x86_64-linux-gnu/asm/types.h"),
}
NOT_FOUND = CommandAnswer(False, err="<built-in>:1:10: fatal error: 'x.h' file not found")
CLANG = Clang(
    "/usr/bin/clang",
    CommandAnswer(True, "Debian clang version 14.0.6\nTarget: x\n"),
    CommandAnswer(True),
    FOUND,
)
BPFTOOL = Bpftool(
    "/usr/sbin/bpftool",
    CommandAnswer(True, '{"version":"7.1.0","libbpf_version":"1.1","features":{"libbfd":false}}'),
    CommandAnswer(True, '{"program_types":{"have_xdp_prog_type":true},"map_types":{}}'),
)
IP = Ip(
    "/usr/sbin/ip",
    CommandAnswer(True, "ip utility, iproute2-6.1.0, libbpf 1.1.2"),
    CommandAnswer(True, '[{"ifindex":1,"ifname":"lo","mtu":65536}]'),
    CommandAnswer(False, err="Usage: ip link ... [ { xdp | xdpgeneric | xdpdrv | xdpoffload } { off |"),
)
HEALTHY = Facts(
    os_release=DEBIAN,
    kernel="6.1.0-18-amd64",
    config="CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\n",
    uid=0,
    capabilities=CAPABILITIES,
    user_namespace=False,
    filesystems=frozenset({"nodev", "proc", "bpf", "ext4"}),
    mounted=MOUNTED,
    bpffs_directory=True,
    bpffs_read_only=False,
    btf=True,
    jit="1",
    lockdown="[none] integrity confidentiality\n",
    unprivileged="2",
    locked_memory=(8 << 20, 8 << 20),
    clang=CLANG,
    bpftool=BPFTOOL,
    ip=IP,
    libbpf="libbpf.so.1",
)
NOBODY = replace(HEALTHY, uid=65534, capabilities=frozenset())


def finding(name: str, facts: Facts = HEALTHY, **changed: Any) -> Finding:
    [found] = [f for f in examine(replace(facts, **changed)) if f.name == name]
    return found


def expect(state: State, says: str, remedy: str, found: Finding) -> None:
    assert found.state is state, found
    assert says in found.found
    assert found.remedy == remedy


def good(says: str, found: Finding) -> None:
    expect(State.GOOD, says, "", found)


def bad(says: str, remedy: str, found: Finding) -> None:
    assert remedy, "what is bad can be mended"
    expect(State.BAD, says, remedy, found)


def note(says: str, remedy: str, found: Finding) -> None:
    expect(State.NOTE, says, remedy, found)
