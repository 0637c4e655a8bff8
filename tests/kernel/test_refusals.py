"""What is refused, with which exit code and words; each refusal leaves no trace."""

import subprocess
import sys

import pytest

from .conftest import PIN, Lab

FOREIGN = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int {name}(struct xdp_md *ctx) {{ return XDP_PASS; }}
char LICENSE[] SEC("license") = "GPL";
"""


def foreign(lab: Lab, name: str = "theirs", how: str = "xdpdrv") -> int:
    """Somebody else's program on veth0, put there without xdpctl."""
    source = lab.directory / f"{name}.c"
    source.write_text(FOREIGN.format(name=name))
    lab.must(
        "sh", "-c", f"clang -O2 -g -target bpf -idirafter /usr/include/$(uname -m)-linux-gnu -c {name}.c"
    )
    lab.must("bpftool", "-n", "prog", "load", f"{name}.o", f"/sys/fs/bpf/{name}", "type", "xdp")
    lab.must("ip", "link", "set", "dev", "veth0", how, "pinned", f"/sys/fs/bpf/{name}")
    return lab.attached()[0][1]


def test_nothing_built(lab: Lab) -> None:
    lab.refused(2, "no object in bpf/", "load")


def test_several_built(lab: Lab) -> None:
    lab.build()
    lab.ok("build", "--program", "other")
    said = lab.refused(2, "several objects", "load")
    assert "the last built is bpf/other.bpf.o" in said


def test_pins_exist(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    lab.refused(1, "already holds", "load")
    lab.refused(1, "already holds", "load", "--dev", "veth0")


@pytest.mark.parametrize("where", ["/tmp", "/sys/fs/cgroup/x", "/nowhere/at/all"])
def test_directory_outside_bpffs(lab: Lab, where: str) -> None:
    lab.build()
    lab.refused(2, "not in a bpffs", "load", "--pin", where)


def test_bpffs_is_never_mounted_over_a_directory(lab: Lab) -> None:
    lab.must("umount", "/sys/fs/bpf")
    lab.must("mount", "-t", "tmpfs", "tmpfs", "/sys/fs/bpf")
    lab.build()
    lab.refused(2, "not in a bpffs", "load")


def test_directory_with_a_dot(lab: Lab) -> None:
    lab.build()
    lab.refused(2, "a name with a dot", "load", "--pin", "/sys/fs/bpf/v1.2")


def test_pin_instead_of_a_directory(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    lab.refused(2, "is a pin, not a directory", "load", "--pin", f"{PIN}/xdp_allow")


def test_no_such_device(lab: Lab) -> None:
    lab.build()
    assert "did you mean 'veth0'" in lab.refused(2, "no device 'veht0'", "load", "--dev", "veht0")
    lab.ok("load")
    lab.refused(2, "no device 'veht0'", "attach", "veht0")
    lab.refused(2, "no device 'veht0'", "detach", "veht0")


def test_no_such_namespace(lab: Lab) -> None:
    lab.build()
    said = lab.refused(2, "no network namespace", "--netns", "per", "load", "--dev", "x")
    assert "did you mean 'peer'" in said


def test_mode_without_a_device(lab: Lab) -> None:
    lab.build()
    lab.refused(2, "--mode", "load", "--mode", "generic")


def test_long_names(lab: Lab) -> None:
    lab.refused(2, "16 characters", "build", "--program", "sixteen_letters_")
    lab.refused(2, "16 characters", "build", "--map", "sixteen_letters_")


def test_no_object(lab: Lab) -> None:
    (lab.directory / "text.o").write_text("hello")
    lab.refused(2, "no ELF file", "load", "text.o")
    lab.refused(2, "can't be read", "load", "nothing.o")


def test_not_attached_and_not_loaded(lab: Lab) -> None:
    lab.refused(2, "no program runs on veth0", "detach", "veth0")
    lab.refused(2, "no XDP program is pinned", "unload")
    lab.refused(2, "no XDP program is pinned", "attach", "veth0")


def test_offload_needs_a_card(lab: Lab) -> None:
    lab.build()
    lab.refused(1, "failed to load xdp_allow", "load", "--dev", "veth0", "--mode", "offload")
    lab.ok("load")
    said = lab.refused(1, "failed to attach to veth0", "attach", "veth0", "--mode", "offload")
    assert "a card and a driver that can" in said


def test_native_where_the_driver_has_none(lab: Lab) -> None:
    lab.build()
    lab.must("ip", "link", "add", "bridge0", "type", "bridge")
    said = lab.refused(1, "native", "load", "--dev", "bridge0", "--mode", "native")
    assert "--mode generic" in said


@pytest.mark.parametrize("how", ["xdpdrv", "xdpgeneric"])
def test_a_foreign_program_is_never_touched(lab: Lab, how: str) -> None:
    lab.build()
    theirs = foreign(lab, how=how)
    mode = {"xdpdrv": "native", "xdpgeneric": "generic"}[how]
    who = f"runs theirs (id {theirs}, {mode} mode), not built by xdpctl, pinned at /sys/fs/bpf/theirs"
    lab.refused(1, f"veth0 already {who}", "load", "--dev", "veth0")
    assert "--force" in lab.refused(1, f"veth0 {who}", "detach", "veth0")
    lab.ok("load")
    lab.refused(1, who, "attach", "veth0")
    lab.ok("unload")
    assert [program for _, program in lab.attached()] == [theirs]
    assert lab.pins() == ["/sys/fs/bpf/theirs"]

    lab.ok("detach", "veth0", "--force")
    assert lab.attached() == []


def test_our_own_program_is_not_replaced(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    said = lab.refused(1, "already runs xdp_allow", "load", "--pin", "/sys/fs/bpf/two", "--dev", "veth0")
    assert "built by xdpctl" in said
    lab.refused(1, "already runs xdp_allow", "attach", "veth0")


def test_a_program_of_the_libxdp_dispatcher(lab: Lab) -> None:
    lab.build()
    foreign(lab, "xdp_dispatcher")
    assert "xdp-loader" in lab.refused(1, "libxdp's dispatcher", "load", "--dev", "veth0")
    lab.refused(1, "libxdp's dispatcher", "detach", "veth0", "--force")


LINK = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, data):
    attributes = ctypes.create_string_buffer(data, 128)
    result = libc.syscall(321 if os.uname().machine == "x86_64" else 280, command, attributes, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def text(path):
    return ctypes.cast(ctypes.create_string_buffer(path.encode()), ctypes.c_void_p).value
keep = ctypes.create_string_buffer(sys.argv[1].encode())
program = bpf(7, struct.pack("QII", ctypes.addressof(keep), 0, 0))
link = bpf(28, struct.pack("IIII", program, int(sys.argv[2]), 37, 0))
keep = ctypes.create_string_buffer(sys.argv[3].encode())
bpf(6, struct.pack("QII", ctypes.addressof(keep), link, 0))
"""


def test_a_bpf_link_is_named(lab: Lab) -> None:
    """A link holds our own program on the device: `ip` can neither replace nor remove it."""
    lab.build()
    lab.ok("load")
    index = str(lab.link()["ifindex"])
    lab.must(sys.executable, "-c", LINK, f"{PIN}/xdp_allow", index, "/sys/fs/bpf/link")
    lab.refused(1, "held by bpf link", "attach", "veth0")
    for arguments in (["detach", "veth0"], ["detach", "veth0", "--force"], ["unload"]):
        before = lab.state()
        done = lab.xdpctl(*arguments)
        assert done.returncode == 1
        assert "bpf link" in done.stderr
        assert "bpftool link detach" in done.stderr
        assert lab.state() == before


def test_what_else_is_in_the_directory_stays(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    create = (
        "bpftool",
        "map",
        "create",
        f"{PIN}/other",
        *"type array key 4 value 4 entries 1 name other".split(),
    )
    lab.must(*create)
    lab.ok("unload")
    assert lab.pins() == [PIN, f"{PIN}/other"]
    assert f"rm -r {PIN}" in lab.refused(2, "only other", "unload")


def test_a_second_program_in_the_directory(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    lab.ok("build", "--program", "second", "--map", "second_map")
    lab.refused(1, "already holds xdp_allow", "load", "bpf/second.bpf.o")


def test_a_map_in_the_way(lab: Lab) -> None:
    lab.must("mkdir", PIN)
    create = (
        "bpftool",
        "map",
        "create",
        f"{PIN}/pkt_cnt",
        *"type array key 4 value 4 entries 1 name m".split(),
    )
    lab.must(*create)
    lab.build()
    assert f"rm {PIN}/pkt_cnt" in lab.refused(1, "something else is pinned", "load")


def test_a_program_pinned_elsewhere_too(lab: Lab) -> None:
    """It would stay in the kernel: nothing is begun."""
    lab.build()
    lab.ok("load", "--dev", "veth0")
    lab.must("bpftool", "prog", "pin", "pinned", f"{PIN}/xdp_allow", "/sys/fs/bpf/again")
    lab.refused(1, "pinned at /sys/fs/bpf/again too", "unload")


def test_a_directory_that_is_mounted_twice(lab: Lab) -> None:
    """The same pins under two paths: they are removed, though the directory can't be."""
    lab.build()
    lab.must("mkdir", PIN)
    (lab.directory / "bind").mkdir()
    lab.must("mount", "--bind", PIN, str(lab.directory / "bind"))
    lab.ok("load", "--dev", "veth0")
    lab.ok("unload", "--pin", str(lab.directory / "bind"))
    assert lab.attached() == []
    assert lab.pins() == [PIN]


def test_a_map_pinned_elsewhere_too(lab: Lab) -> None:
    lab.build()
    lab.ok("load")
    lab.must("bpftool", "map", "pin", "pinned", f"{PIN}/pkt_cnt", "/sys/fs/bpf/kept")
    done = lab.xdpctl("unload")
    assert done.returncode == 0
    assert "a map stays in the kernel, it is pinned at /sys/fs/bpf/kept too" in done.stderr


def test_a_map_that_another_process_holds(lab: Lab) -> None:
    lab.build()
    lab.ok("load", "--dev", "veth0")
    hold = LINK.split("keep = ctypes")[0] + (
        "keep = ctypes.create_string_buffer(sys.argv[1].encode())\n"
        "bpf(7, struct.pack('QII', ctypes.addressof(keep), 0, 0))\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    command = lab.enter(sys.executable, "-c", hold, f"{PIN}/pkt_cnt")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = lab.xdpctl("unload")
        holder.communicate()
    assert (done.returncode, done.stdout) == (4, "detached from veth0\n")
    assert "map pkt_cnt (id " in done.stderr
    assert "another process" in done.stderr


def test_options_that_contradict_each_other(lab: Lab) -> None:
    for option, words in {
        "--verdict": ("pass", "drop"),
        "--type": ("hash", "array"),
        "--map": ("a", "b"),
    }.items():
        lab.refused(2, f"{option} is given 2 times", "build", option, words[0], option, words[1])


def test_specs_are_refused_before_any_tool_runs(lab: Lab) -> None:
    shown = lab.refused(2, "can't be 'hsh'", "--show-commands", "build", "--type", "hsh")
    assert "clang" not in shown
    (lab.directory / "deep.toml").write_text("a = " + "[" * 5000)
    lab.refused(2, "deep.toml is no TOML", "build", "deep.toml")
    (lab.directory / "number.toml").write_text("a = " + "1" * 5000)
    lab.refused(2, "number.toml is no TOML", "build", "number.toml")
    (lab.directory / "long.toml").write_text("# a comment\n" * 6000)
    lab.refused(2, "65536 at most", "build", "long.toml")


def test_names_of_namespaces_that_are_none(lab: Lab) -> None:
    lab.build()
    lab.refused(2, "--netns is empty", "--netns", "", "load", "--dev", "veth0")
    lab.refused(2, "is no network namespace", "--netns", "/etc/passwd", "load", "--dev", "veth0")
