"""On which file system a path lies."""

from hypothesis import given, settings
from hypothesis import strategies as st

from xdpctl.core.machine.mounts import Mount, bpffs_points, in_bpffs, mount_of, parse

MOUNTINFO = """\
22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
32 22 0:28 / /sys/fs/bpf rw,nosuid,nodev,noexec,relatime shared:9 master:2 - bpf bpf rw,mode=700
41 28 0:35 / /run/a\\040bpffs rw,relatime - bpf none rw
52 32 0:36 / /sys/fs/bpf/hidden rw - tmpfs tmpfs rw
53 28 0:37 / /mnt rw - bpf bpf rw
54 53 0:38 / /mnt rw - tmpfs tmpfs rw
"""
MOUNTS = parse(MOUNTINFO)


def test_mounts_are_parsed() -> None:
    assert MOUNTS[2:4] == (Mount("/sys/fs/bpf", "bpf"), Mount("/run/a bpffs", "bpf"))


def test_what_is_mounted_read_only() -> None:
    for line, read_only in (
        ("ro,nosuid - bpf bpf rw", True),
        ("rw - bpf bpf ro,mode=700", True),
        ("rw - bpf ro rw", False),
    ):
        assert parse(f"36 35 98:0 / /mnt {line}\n") == (Mount("/mnt", "bpf", read_only=read_only),)


def test_the_nearest_and_latest_mount_counts() -> None:
    assert mount_of("/sys/fs/bpf/ebpf", MOUNTS) == Mount("/sys/fs/bpf", "bpf")
    assert mount_of("/sys/fs/bpffs", MOUNTS) == Mount("/sys", "sysfs")
    assert mount_of("/mnt/x", MOUNTS) == Mount("/mnt", "tmpfs")
    assert in_bpffs("/run/a bpffs/x", MOUNTS)
    assert not in_bpffs("/sys/fs/bpf/hidden/x", MOUNTS)


def test_only_what_can_be_seen_is_offered() -> None:
    assert bpffs_points(MOUNTS) == ("/sys/fs/bpf", "/run/a bpffs")


@settings(deadline=None)
@given(st.text(alphabet="/ab04 1\\\t\n#-\r\v\x1d\udcff", min_size=1).map("/".__add__))
def test_the_kernels_escapes_are_undone(path: str) -> None:
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in path)
    assert parse(f"36 35 98:0 / {escaped} rw - bpf bpf rw\n") == (Mount(path, "bpf"),)
