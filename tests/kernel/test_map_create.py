"""Maps that xdpctl makes, pins and copies."""

import json
import sys

from . import maps
from .conftest import PIN, Lab

WITHOUT_LIBBPF = """
import sys
from xdpctl.tools import libbpf
libbpf.NAMES = ()
from xdpctl.cli import execute
sys.exit(execute(sys.argv[1:]))
"""


def test_maps_with_types(lab: Lab) -> None:
    commands = [
        "map create policy --type lpm_trie --key ip_prefix --value verdict --max-entries 2",
        "map set policy 10.0.0.0/8 drop",
        "map set policy 2001:db8::/32 pass",
        "map create named --key char[8] --value {mac:mac,seen:s16[2],port:be16,ok:bool}",
        "map set named eth0 mac=02:00:00:00:00:01 seen=[-1,2] port=443 ok=yes",
        "map create cpus --type percpu_array --key verdict --value u64 --max-entries 5",
        "map create /sys/fs/bpf/a/b/flows --type lru_hash --key flow --value {n:u64} --flag no_common_lru",
        "map set /sys/fs/bpf/a/b/flows src_ip=10.0.0.1 dst_ip=10.0.0.2 src_port=1 dst_port=2 ip_proto=udp 7",
    ]
    for ran, line in zip(maps.each(lab, [line.split() for line in commands]), commands, strict=True):
        assert (ran.status, ran.err) == (0, ""), line
    assert lab.dump("policy") == {"10.0.0.0/8": "XDP_DROP", "2001:db8::/32": "XDP_PASS"}
    value = {"mac": "02:00:00:00:00:01", "seen": [-1, 2], "port": 443, "ok": True}
    assert lab.dump("named") == {"eth0": value}
    assert set(lab.dump("cpus")) == {"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"}
    assert lab.read("/sys/fs/bpf/a/b/flows")["entries"][0]["key"]["ip_proto"] == "udp"
    about = json.loads(lab.ok("map", "show", "/sys/fs/bpf/a/b/flows", "--json"))["map"]
    assert (about["name"], about["type"], about["flags"]) == ("flows", "lru_hash", ["no_common_lru"])
    assert about["value_type"] == "struct {\n    u64 n;\n}"


def test_maps_that_cannot_be_made(lab: Lab) -> None:
    (lab.directory / "pins").mkdir()
    create = ("map", "create")
    lab.ok(*create, "there", "--key", "u32", "--value", "u32")
    types = ("--key", "u32", "--value", "u32")
    lab.refused(2, "there is there already", *create, "there", *types)
    lab.refused(2, "is not in a bpffs", *create, f"{lab.directory}/pins/m", *types)
    says = "failed to make m: Invalid argument\n  its flags or sizes don't suit its type"
    lab.refused(1, says, *create, "/sys/fs/bpf/new/m", *types, "--flag", "mmapable")
    said = lab.ok("--dry-run", *create, "/sys/fs/bpf/new/m", *types)
    assert said.splitlines()[:2] == ["# make the directory /sys/fs/bpf/new", "mkdir /sys/fs/bpf/new"]
    assert "map create /sys/fs/bpf/new/m type hash key 4 value 4 entries 1024 name m\n" in said


def test_what_was_mounted_for_a_map_that_cannot_be_made_is_unmounted(lab: Lab) -> None:
    lab.must("umount", "/sys/fs/bpf")
    huge = ("--key", "u32", "--value", "u64", "--max-entries", "4000000000")
    lab.refused(1, "it is larger than the kernel allows", "map", "create", "m", *huge)


def test_without_libbpf(lab: Lab) -> None:
    words = "map create bare --key u32 --value {a:u32,b:u32}".split()
    done = lab.run(sys.executable, "-c", WITHOUT_LIBBPF, *words)
    assert (done.returncode, done.stdout) == (0, f"made bare, pinned at {PIN}/bare\n")
    assert "tell its types with --as" in done.stderr
    told = ("--as", "key:u32 value:{a:u32,b:u32}")
    assert lab.ok("map", "set", "bare", "1", "a=2", "b=3", *told) == "bare[1] = a=2 b=3, new\n"
    assert lab.dump("bare") == {"0x01000000": "0x0200000003000000"}
    lab.ok("map", "create", "cpus", "--type", "percpu_hash", "--key", "u32", "--value", "u32")
    words = "map set cpus 1 5 --cpu 0".split()
    done = lab.run(sys.executable, "-c", WITHOUT_LIBBPF, *words)
    assert done.returncode == 3
    assert "libbpf isn't installed: bpftool alone gives all CPUs the same value\n  install it" in done.stderr
    assert lab.dump("cpus") == {}


def test_pins_and_copies(lab: Lab) -> None:
    maps.load(lab)
    assert lab.ok("map", "pin", "flows", "/sys/fs/bpf/kept/flows").endswith(" at /sys/fs/bpf/kept/flows\n")
    pin = ("map", "pin", "flows")
    lab.refused(
        2, f"is there already\n  choose another name, or remove it: rm {PIN}/actions", *pin, "actions"
    )
    for path, hint in {"/etc/passwd": "is not in a bpffs", PIN: "choose another name\n"}.items():
        assert "rm " not in lab.refused(2, hint, *pin, path)
    lab.refused(2, "choose a name without dots", "map", "pin", "flows", "a.b")
    counts = "{packets:u64,bytes:u64}"
    commands = [
        "map set flows 10.0.0.1,1,0 1 2",
        "map set cpu_flows 7 1 2 --cpu 1",
        f"map create copy --key {{src_ip:be32,dst_port:be16,zone:u16}} --value {counts} --max-entries 1",
        f"map create cpu_copy --type percpu_hash --key u32 --value {counts}",
        "map copy flows copy",
        "map copy cpu_flows cpu_copy",
        "map create other --key u64 --value {bytes:u64,packets:u64}",
    ]
    assert not any(ran.status for ran in maps.each(lab, [line.split() for line in commands]))
    assert lab.read("copy")["entries"] == lab.read("flows")["entries"]
    assert lab.read("cpu_copy", "--per-cpu")["entries"] == lab.read("cpu_flows", "--per-cpu")["entries"]
    wanted = {
        "flows other": "keys of flows mean something else in other\n  flows: struct flow_key {",
        "flows /sys/fs/bpf/kept/flows": "are the same map",
        "cpu_flows many": "cpu_flows has a value for each CPU, and many one for all",
        "flows actions": "flows has keys of 8 and values of 16 bytes, and actions keys of 4",
        "many frozen": "values of 16 bytes, and frozen keys of 4 and values of 4",
    }
    done = maps.each(lab, [["map", "copy", *words.split()] for words in wanted])
    for ran, says in zip(done, wanted.values(), strict=True):
        assert (ran.status, ran.out) == (2, "")
        assert says in ran.err
    lab.ok("map", "set", "flows", "10.0.0.2,1,0", "1", "2")
    says = "with those of flows, copy would hold 2 elements: it has room for 1"
    lab.refused(2, says, "map", "copy", "flows", "copy")


def test_copying_what_has_no_types(lab: Lab) -> None:
    """Keys of 8 bytes in a map of maps: of neither its type nor BTF tells what they are."""
    bpftool, sizes = ("bpftool", "map"), ("key", "8", "value", "4", "entries", "4")
    lab.ok("map", "create", "inner", "--key", "u32", "--value", "u32")
    inner = ("inner_map", "pinned", f"{PIN}/inner")
    lab.must(*bpftool, "create", f"{PIN}/outer", "type", "hash_of_maps", *sizes, "name", "outer", *inner)
    key = ("key", "hex", *"01 00 00 00 00 00 00 00".split())
    lab.must(*bpftool, "update", "pinned", f"{PIN}/outer", *key, "value", "pinned", f"{PIN}/inner")
    lab.ok("map", "create", "ids", "--key", "u64", "--value", "u32")
    assert lab.ok("map", "copy", "outer", "ids") == "1 element of outer copied to ids\n"
    inner_id = json.loads(lab.ok("map", "show", "inner", "--json"))["map"]["id"]
    assert lab.read("ids")["entries"] == [{"key": 1, "value": inner_id}]
    options = lab.xdpctl("dump", "outer", "--prometheus")
    assert options.stdout == ""
    assert "value is left out: Prometheus takes nothing but numbers" in options.stderr
    lab.refused(1, "outer can't be saved: it holds maps", "dump", "outer", "--save", "saved")
    assert not (lab.directory / "saved").exists()
    assert lab.xdpctl("dump", "outer", "--csv", "--totals").stderr == ""
