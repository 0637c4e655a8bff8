"""Which file system a path is on, from the text of /proc/self/mountinfo."""

import re

from msgspec import Struct


class Mount(Struct, frozen=True):
    point: str
    kind: str
    root: str = "/"
    """Which part of the file system is mounted there; of a namespace, its name: `net:[4026531840]`."""
    read_only: bool = False


def parse(mountinfo: str) -> tuple[Mount, ...]:
    """All mounts, later ones lying over earlier ones."""
    mounts = []
    for line in filter(None, mountinfo.split("\n")):  # names can have other ends of lines in them
        left, _, right = line.partition(" - ")
        root, escaped, options = left.split(" ")[3:6]
        point = re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), escaped)
        kind, *_, of_the_file_system = right.split(" ")
        read_only = "ro" in (*options.split(","), *of_the_file_system.split(","))
        mounts.append(Mount(point, kind, root, read_only))
    return tuple(mounts)


def mount_of(path: str, mounts: tuple[Mount, ...]) -> Mount:
    """The mount that a path (absolute, without links) lies in."""
    best = Mount("/", "")
    for mount in mounts:
        inside = mount.point == "/" or path == mount.point or path.startswith(mount.point + "/")
        if inside and len(mount.point) >= len(best.point):
            best = mount
    return best


def in_bpffs(path: str, mounts: tuple[Mount, ...]) -> bool:
    return mount_of(path, mounts).kind == "bpf"


def is_bpffs_root(path: str, mounts: tuple[Mount, ...]) -> bool:
    found = mount_of(path, mounts)
    return (found.point, found.kind, found.root) == (path, "bpf", "/")


def is_doubled(point: str, mounts: tuple[Mount, ...]) -> bool:
    """Whether one bpffs lies over another there."""
    return [(m.point, m.kind) for m in mounts].count((point, "bpf")) > 1


def network_namespaces(mounts: tuple[Mount, ...]) -> tuple[tuple[int, str], ...]:
    """The numbers of network namespaces that files keep, and those files, wherever they are."""
    kept = (m for m in mounts if m.kind == "nsfs" and m.root.startswith("net:"))
    return tuple((int(re.sub(r"\D", "", m.root)), m.point) for m in kept)


def bpffs_points(mounts: tuple[Mount, ...]) -> tuple[str, ...]:
    """Where bpffs can be seen."""
    return tuple(dict.fromkeys(m.point for m in mounts if mount_of(m.point, mounts).kind == "bpf"))
