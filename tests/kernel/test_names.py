"""A bare name: what is written is in the pin directory; what is read may be elsewhere, which is told."""

import json

import pytest

from .conftest import PIN, Lab

MINE = "/sys/fs/bpf/mine"
SET = {"XDPCTL_PIN": MINE}


@pytest.fixture
def theirs(lab: Lab) -> Lab:
    """Somebody's counter in the default directory; in tests, XDPCTL_PIN is set to another one."""
    lab.build()
    lab.ok("load")
    lab.ok("map", "set", "pkt_cnt", "0", "5")
    lab.ok("dump", "pkt_cnt", "--save", "saved")
    (lab.directory / "batch").write_text('{"key":0,"value":7}\n')
    return lab


@pytest.mark.parametrize(
    "line",
    [
        "map set pkt_cnt 0 1",
        "map set pkt_cnt --batch batch",
        "map delete pkt_cnt 0",
        "map delete pkt_cnt --batch batch",
        "map clear pkt_cnt",
        "map clear pkt_cnt --pin /sys/fs/bpf/mine",
        "map restore saved",
        "map restore saved pkt_cnt",
        f"map copy {PIN}/pkt_cnt pkt_cnt",
        "map pin pkt_cnt kept",
        "--dry-run map clear pkt_cnt",
    ],
)
def test_what_is_written_is_in_the_pin_directory_or_nowhere(theirs: Lab, line: str) -> None:
    number = theirs.read("pkt_cnt")["map"]["id"]
    said = theirs.refused(2, f"there is no map 'pkt_cnt' in {MINE}", *line.split(), env=SET)
    assert f"  id:{number}  hash  {PIN}/pkt_cnt\n" in said
    assert theirs.dump() == {0: 5}


def test_it_is_written_by_its_path_or_id(theirs: Lab) -> None:
    number = theirs.read("pkt_cnt")["map"]["id"]
    for name, value in ((f"{PIN}/pkt_cnt", 6), (f"id:{number}", 7)):
        assert theirs.xdpctl("map", "set", name, "0", str(value), env=SET).returncode == 0
        assert theirs.dump() == {0: value}
    done = theirs.xdpctl("map", "restore", "saved", f"id:{number}", env=SET)
    assert (done.stdout, done.stderr) == ("1 element of pkt_cnt restored\n", "")
    assert theirs.dump() == {0: 5}


def test_what_is_not_pinned_is_written_by_its_id(theirs: Lab) -> None:
    """The file of a saved map speaks of a name alone, whatever it says."""
    number = theirs.read("pkt_cnt")["map"]["id"]
    theirs.ok("attach", "veth0")
    theirs.must("rm", f"{PIN}/pkt_cnt")
    said = theirs.refused(2, f"there is no map 'pkt_cnt' in {PIN}", "map", "clear", "pkt_cnt")
    assert f"  id:{number}  hash  pkt_cnt\n" in said
    header, *lines = (theirs.directory / "saved").read_text().splitlines()
    for name in (f"id:{number}", f"{MINE}/x", "../mine/x", "..", "a\\u0000b"):
        about = header.replace('"name":"pkt_cnt"', f'"name":"{name}"')
        (theirs.directory / "odd").write_text("\n".join((about, *lines)))
        why = "is a directory" if name == ".." else "odd is no saved map"
        theirs.refused(2, why, "map", "restore", "odd")
    theirs.ok("map", "set", f"id:{number}", "0", "8")
    assert theirs.dump(f"id:{number}") == {0: 8}


def test_a_link_leads_nowhere_else(theirs: Lab) -> None:
    theirs.must("mkdir", MINE)
    theirs.must("ln", "-s", f"{PIN}/pkt_cnt", f"{MINE}/pkt_cnt")
    said = theirs.refused(2, f"{MINE}/pkt_cnt is a link", "map", "clear", "pkt_cnt", env=SET)
    assert f"{PIN}/pkt_cnt" in said
    said = theirs.xdpctl("dump", "pkt_cnt", env=SET).stderr
    assert said == f"pkt_cnt isn't in {MINE}: reading {PIN}/pkt_cnt\n"
    theirs.refused(2, "is a directory, not a map", "map", "clear", "..")


@pytest.mark.parametrize(
    "line",
    [
        "dump pkt_cnt",
        "dump pkt_cnt --save again",
        "map get pkt_cnt 0",
        "map next pkt_cnt",
        "map keys pkt_cnt",
        "map show pkt_cnt",
        "map copy pkt_cnt other",
        "watch pkt_cnt --count 1",
        "why pkt_cnt",
        "run xdp_allow --packet icmp",
    ],
)
def test_what_is_read_elsewhere_is_told(theirs: Lab, line: str) -> None:
    theirs.must("mkdir", MINE)
    words = line.split()
    if "other" in words:
        create = "type hash key 4 value 8 entries 1 name other"
        theirs.must("bpftool", "map", "create", f"{MINE}/other", *create.split())
    name = "xdp_allow" if words[0] == "run" else "pkt_cnt"
    note = f"{name} isn't in {MINE}: reading {PIN}/{name}\n"
    assert theirs.xdpctl(*words, env=SET).stderr.count(note) == 1
    if "other" not in words:
        assert "isn't in" not in theirs.xdpctl(*words).stderr
        there = [PIN + "/" + word if word == name else word for word in words]
        assert "isn't in" not in theirs.xdpctl(*there, env=SET).stderr


def test_what_is_read_by_its_name_alone_is_told_by_its_id(lab: Lab) -> None:
    lab.ok("build", "--map", "not_pinned")  # a name that no other program on this machine has
    lab.ok("load")
    number = lab.read("not_pinned")["map"]["id"]
    lab.must("rm", f"{PIN}/not_pinned")
    done = lab.xdpctl("map", "keys", "not_pinned", "--json")
    assert done.stderr == f"not_pinned isn't in {PIN}: reading id:{number}\n"
    assert json.loads(done.stdout)["keys"] == []


def test_a_live_run_counts_in_the_pin_directory_alone(theirs: Lab) -> None:
    run = ("run", "xdp_allow", "--live", "--packet", "icmp")
    said = theirs.refused(2, f"there is no program 'xdp_allow' in {MINE}", *run, env=SET)
    assert f"{PIN}/xdp_allow" in said
    assert theirs.dump() == {0: 5}
    there = ("run", f"{PIN}/xdp_allow", "--live", "--packet", "icmp")
    assert theirs.xdpctl(*there, env=SET).returncode == 0
    assert theirs.xdpctl(*run).returncode == 0
    assert theirs.dump() == {0: 7}


REDIRECTS = """
verdict = "redirect"
[redirect]
max_entries = 4
"""


@pytest.mark.parametrize("batch", [False, True])
def test_devices_are_those_of_the_network_namespace(lab: Lab, batch: bool) -> None:
    """The kernel understands a number as a device of whoever writes it."""
    lab.must("ip", "-n", "peer", "link", "add", "far", "index", "77", "type", "veth", "peer", "name", "near")
    (lab.directory / "spec.toml").write_text(REDIRECTS)
    (lab.directory / "devices.csv").write_text("key,value\n0,77\n1,77\n")
    lab.ok("build", "spec.toml")
    lab.ok("load")
    words = ("--batch", "devices.csv") if batch else ("0", "77")
    lab.refused(2, "value can't be 77: no device has this number", "map", "set", "tx_port", *words)
    lab.ok("--netns", "peer", "map", "set", "tx_port", *words)
    shown = lab.ok("--netns", "peer", "--dry-run", "map", "set", "tx_port", *words)
    assert shown.startswith("nsenter --net=/run/netns/peer bpftool ")
    assert lab.ok("--netns", "peer", "map", "get", "tx_port", "0").split()[2:] == ["0", "far", "(77)"]
    assert "77 (no device)" in lab.ok("dump", "tx_port")
    assert lab.dump("tx_port")[0] == 77, "JSON has numbers"


def test_devices_by_name(lab: Lab) -> None:
    (lab.directory / "spec.toml").write_text(REDIRECTS)
    lab.ok("build", "spec.toml")
    lab.ok("load")
    index = lab.must("ip", "-o", "link", "show", "veth0").partition(":")[0]
    lab.must("ip", "link", "property", "add", "dev", "veth0", "altname", "uplink")
    device = f"veth0 ({index})"
    assert lab.ok("map", "set", "tx_port", "0", "veth0") == f"tx_port[0] = {device}, new\n"
    assert lab.ok("map", "set", "tx_port", "0", index) == f"tx_port[0] = {device}, was {device}\n"
    (lab.directory / "devices.csv").write_text(f"key,value\n1,uplink\n2,{index}\n3,lo\n")
    lab.ok("map", "set", "tx_port", "--batch", "devices.csv")
    assert lab.dump("tx_port") == {0: int(index), 1: int(index), 2: int(index), 3: 1}
    assert [line.split() for line in lab.ok("dump", "tx_port").splitlines()[1:]] == [
        *([str(key), "veth0", f"({index})"] for key in range(3)),
        ["3", "lo", "(1)"],
    ]
    assert lab.ok("dump", "tx_port", "--where", f"value == {index}", "--csv").splitlines()[1] == f"0,{index}"
    says = "value can't be 'vteh0': there is no such device\n  did you mean 'veth0'?"
    lab.refused(2, says, "map", "set", "tx_port", "0", "vteh0")
    says = "value can't be 'veth0': there is no such device in netns peer\n  did you mean 'veth1'?"
    lab.refused(2, says, "--netns", "peer", "map", "set", "tx_port", "0", "veth0")
    (lab.directory / "devices.csv").write_text("key,value\n1,lo\n2,999\n")
    says = "devices.csv:3: value can't be 999: no device has this number\n  ip link shows"
    lab.refused(2, says, "map", "set", "tx_port", "--batch", "devices.csv")


WITH_PROGRAMS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP_HASH); __uint(max_entries, 4);
    __type(key, __u32); __type(value, struct bpf_devmap_val);
} ports SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_CPUMAP); __uint(max_entries, 2);
    __type(key, __u32); __type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");
SEC("xdp") int spread(struct xdp_md *ctx)
{
    return bpf_redirect_map(&ports, 1, 0) ?: bpf_redirect_map(&cpus, 0, 0);
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_values_with_room_for_a_program(lab: Lab) -> None:
    """It is optional; the kernel tells its id, and takes a number of whoever has it open."""
    lab.compile("spread", WITH_PROGRAMS)
    lab.ok("load")
    index = lab.must("ip", "-o", "link", "show", "veth0").partition(":")[0]
    for value in ("veth0", index, "ifindex=veth0", "veth0,0", "ifindex=veth0 program=0"):
        lab.ok("map", "set", "ports", "1", *value.split())
        assert lab.dump("ports") == {1: {"ifindex": int(index), "program": 0}}
        lab.ok("map", "clear", "ports")
    says = "ports: the kernel takes a program only from a process that has it open"
    lab.refused(1, says, "map", "set", "ports", "1", "veth0,7")
    lab.refused(2, "'vteh0': there is no such device", "map", "set", "ports", "1", "vteh0")
    lab.ok("map", "set", "cpus", "0", "192")
    assert lab.dump("cpus") == {0: {"queue": 192, "program": 0}}
