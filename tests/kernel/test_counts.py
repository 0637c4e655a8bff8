"""Every variant counts exactly what a script sends."""

import itertools
import json
import sys

import pytest

from .conftest import PIN, Lab

LENGTHS = [14, 60, 61, 300, 1500, 1514]
TYPES = ("hash", "array", "percpu_hash", "percpu_array")
FIELDS = (("packets",), ("bytes",), ("packets", "bytes"), ("bytes", "packets"))


@pytest.mark.parametrize("verdict", ["pass", "drop"])
@pytest.mark.parametrize("map_type", TYPES)
def test_variants(lab: Lab, map_type: str, verdict: str) -> None:
    expected = {"packets": len(LENGTHS), "bytes": sum(LENGTHS)}
    for key, fields in itertools.product(("total", "verdict"), FIELDS):
        options = [word for field in fields for word in ("--field", field)]
        lab.ok("build", "--type", map_type, "--key", key, "--verdict", verdict, *options)
        lab.ok("load", "--dev", "veth0")
        lab.send(LENGTHS)
        value = {f: expected[f] for f in fields} if len(fields) > 1 else expected[fields[0]]
        found = lab.dump()
        assert found[0 if key == "total" else f"XDP_{verdict.upper()}"] == value
        if key == "verdict" and "array" in map_type:
            assert list(found) == ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"]
        else:
            assert len(found) == 1
        if isinstance(value, dict):
            assert list(next(iter(found.values()))) == list(fields)
        lab.ok("unload")


def test_drop_drops(lab: Lab) -> None:
    lab.ok("build", "--verdict", "drop", "--key", "verdict")
    lab.ok("load", "--dev", "veth0")
    inside = ("nsenter", "--net=/run/netns/peer")
    assert lab.run(*inside, "ping", "-q", "-c", "2", "-i", "0.02", "-W", "1", "10.77.0.1").returncode == 1
    assert lab.dump() == {"XDP_DROP": 2}


def test_per_cpu(lab: Lab) -> None:
    lab.ok("build", "--type", "percpu_array", "--field", "packets", "--field", "bytes")
    lab.ok("load", "--dev", "veth0")
    for cpu in "01":
        lab.must(
            "taskset", "-c", cpu, "nsenter", "--net=/run/netns/peer", "ping", "-qc3", "-i.02", "10.77.0.1"
        )
    [entry] = lab.read("pkt_cnt", "--per-cpu")["entries"]
    assert entry["value"] == {"packets": 6, "bytes": 6 * 98}
    assert [part["cpu"] for part in entry["per_cpu"]] == list(range(len(entry["per_cpu"])))
    for field in ("packets", "bytes"):
        assert sum(part["value"][field] for part in entry["per_cpu"]) == entry["value"][field]
    rows = lab.ok("dump", "pkt_cnt", "--per-cpu", "--csv").splitlines()
    assert rows[0] == "key,cpu,packets,bytes"
    assert len(rows) == 1 + len(entry["per_cpu"])


RACE = """
# Two processes, each on its own CPU, wait for the same moment, then each runs the program on one packet.
import ctypes, mmap, os, struct, sys
program_pin, map_pin, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
call = ctypes.CDLL(None).syscall
number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
keep = []
def address(data):
    keep.append(ctypes.create_string_buffer(data))
    return ctypes.addressof(keep[-1])
def attributes(layout, *values):
    return ctypes.create_string_buffer(struct.pack(layout, *values), 128)
def bpf(command, data):
    return call(number, command, data, 128)
program, counts = (bpf(7, attributes("QII", address(p.encode()), 0, 0)) for p in (program_pin, map_pin))
run = attributes("IIIIQQII", program, 0, 64, 0, address(bytes(64)), 0, 1, 0)
delete = attributes("IIQ", counts, 0, address(bytes(4)))
value = ctypes.create_string_buffer(1024)
lookup = attributes("IIQQ", counts, 0, address(bytes(4)), ctypes.addressof(value))
moment = mmap.mmap(-1, 4096)
child = os.fork()
os.sched_setaffinity(0, {min(1, os.cpu_count() - 1) if child else 0})
for n in range(1, rounds + 1):
    moment[bool(child)] = n % 256
    while moment[not child] != n % 256:
        pass
    bpf(10, run)
    moment[2 + bool(child)] = n % 256
    while moment[2 + (not child)] != n % 256:
        pass
    if child and n < rounds:
        bpf(1, lookup)
        packets = sum(struct.unpack("128Q", value.raw))
        if packets != 2:
            print(n, packets)
        bpf(3, delete)
    moment[4 + bool(child)] = n % 256
    while moment[4 + (not child)] != n % 256:
        pass
if child:
    os.waitpid(child, 0)
"""


@pytest.mark.parametrize("map_type", ["hash", "percpu_hash"])
def test_two_cpus_race_for_the_first_packet(lab: Lab, map_type: str) -> None:
    """Both CPUs find the map empty at the same moment, again and again; not one packet may be lost."""
    lab.ok("build", "--type", map_type)
    lab.ok("load")
    lost = lab.must(sys.executable, "-c", RACE, f"{PIN}/xdp_allow", f"{PIN}/pkt_cnt", "20000")
    assert lost == ""
    assert lab.dump() == {0: 2}


@pytest.mark.parametrize("map_type", TYPES)
def test_two_cpus_at_once(lab: Lab, map_type: str) -> None:
    lab.ok("build", "--type", map_type, "--field", "packets", "--field", "bytes")
    lab.ok("load")
    (lab.directory / "packet").write_bytes(bytes(64))
    run = f"bpftool prog run pinned {PIN}/xdp_allow data_in packet repeat 500000 >/dev/null"
    lab.must("sh", "-c", f"taskset -c 0 {run} & taskset -c 1 {run}; wait")
    assert lab.dump() == {0: {"packets": 1_000_000, "bytes": 64_000_000}}


@pytest.mark.parametrize(
    ("map_type", "flag"),
    [
        ("hash", "no_prealloc"),
        ("percpu_hash", "no_prealloc"),
        ("hash", "zero_seed"),
        ("percpu_hash", "zero_seed"),
        ("array", "mmapable"),
    ],
)
def test_flags_are_taken_by_the_kernel(lab: Lab, map_type: str, flag: str) -> None:
    lab.ok("build", "--type", map_type, "--flag", flag)
    lab.ok("load", "--dev", "veth0")
    lab.send([60])
    assert lab.dump() == {0: 1}
    shown = json.loads(lab.must("bpftool", "-j", "map", "show", "pinned", f"{PIN}/pkt_cnt"))
    assert shown["flags"] & {"no_prealloc": 1, "zero_seed": 64, "mmapable": 1024}[flag]


def test_printk(lab: Lab) -> None:
    """The message arrives as it was written, whatever C and printf make of such characters."""
    message = 'a "b" \\n 100%s ??= ???'
    lab.ok("build", "--printk", message)
    lab.ok("load", "--dev", "veth0")
    with lab.trace() as log:
        lab.send([60, 60])
        said = lab.must("cat", log)
    assert said.count(f"bpf_trace_printk: {message}") == 2


def test_a_spec_and_flags_that_say_the_same_give_the_same_bytes(lab: Lab) -> None:
    lab.ok("new")
    lab.ok("build", "counter.toml", "--out", "from-spec")
    lab.ok("build", "--out", "somewhere/from-flags")
    lab.ok("build")
    for suffix in ("c", "o"):
        one = (lab.directory / f"bpf/xdp_allow.bpf.{suffix}").read_bytes()
        assert (lab.directory / f"from-spec/xdp_allow.bpf.{suffix}").read_bytes() == one
        assert (lab.directory / f"somewhere/from-flags/xdp_allow.bpf.{suffix}").read_bytes() == one
