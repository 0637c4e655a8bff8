"""Many elements at once: what dump prints is written back, fast, and all of it is checked before."""

import json
import sys
import time

from . import maps
from .conftest import XDPCTL, Lab

COUNT = 30_000


def test_what_dump_prints_is_written_back(lab: Lab) -> None:
    maps.load(lab)
    rows = "".join(f"{n},{n * 7},{1 << n % 64}\n" for n in range(COUNT))
    (lab.directory / "many.csv").write_text(f"key,packets,bytes\n{rows}")
    begun = time.monotonic()
    assert lab.ok("map", "set", "many", "--batch", "many.csv") == f"{COUNT} elements of many set\n"
    assert time.monotonic() - begun < 20
    before = lab.dump("many")
    assert len(before) == COUNT
    (lab.directory / "many.jsonl").write_text(lab.ok("dump", "many", "--jsonl"))
    assert lab.ok("map", "clear", "many") == f"{COUNT} elements of many deleted\n"
    (lab.directory / "none.csv").write_text(lab.ok("dump", "many", "--csv"))
    assert lab.ok("map", "set", "many", "--batch", "none.csv") == "0 elements of many set\n"
    assert lab.dump("many") == {}
    lab.ok("map", "set", "many", "--batch", "many.jsonl")
    assert lab.dump("many") == before
    assert set(map(int, lab.ok("map", "keys", "many").split())) == {*before}
    assert lab.ok("map", "delete", "many", "--batch", "many.csv") == f"{COUNT} elements of many deleted\n"
    assert lab.dump("many") == {}


def test_values_of_each_cpu_are_written_back(lab: Lab) -> None:
    maps.load(lab)
    sets = [f"map set cpu_flows {n} {n} {n * 2} --cpu {n % 2}".split() for n in range(4)]
    maps.each(lab, [*sets, "map set cpu_flows 1 5 6 --cpu 0".split()])
    before = lab.read("cpu_flows", "--per-cpu")["entries"]
    for form in ("--csv", "--jsonl"):
        (lab.directory / "saved").write_text(lab.ok("dump", "cpu_flows", "--per-cpu", form))
        lab.ok("map", "clear", "cpu_flows")
        lab.ok("map", "set", "cpu_flows", "--batch", "saved")
        assert sorted(lab.read("cpu_flows", "--per-cpu")["entries"], key=str) == sorted(before, key=str)


def test_who_says_whose_values_they_are(lab: Lab) -> None:
    maps.load(lab)
    (lab.directory / "values.csv").write_text("key,cpu,packets,bytes\n1,1,30,40\n")
    said = "values.csv:2: --cpu, and the file too, say whose value it is"
    lab.refused(2, said, "map", "set", "cpu_flows", "--batch", "values.csv", "--cpu", "0")


def test_a_value_of_one_cpu_leaves_those_of_others(lab: Lab) -> None:
    maps.load(lab)
    lab.ok("map", "set", "cpu_flows", "7", "5", "6", "--cpu", "1")
    (lab.directory / "values.csv").write_text("key,packets,bytes\n7,1,2\n8,3,4\n")
    lab.ok("map", "set", "cpu_flows", "--batch", "values.csv", "--cpu", "0")
    assert lab.dump("cpu_flows") == {7: {"packets": 6, "bytes": 8}, 8: {"packets": 3, "bytes": 4}}
    lab.ok("map", "set", "cpu_flows", "--batch", "values.csv", "--cpu", "all")
    (lab.directory / "zeros.csv").write_text("key,packets,bytes\n7,0,0\n")
    lab.ok("map", "set", "cpu_flows", "--batch", "zeros.csv")
    entries = lab.read("cpu_flows", "--per-cpu")["entries"]
    counts = {entry["key"]: {part["value"]["packets"] for part in entry["per_cpu"]} for entry in entries}
    assert counts == {7: {0}, 8: {3}}


def test_many_are_written_with_few_calls_and_little_memory(lab: Lab) -> None:
    """Also where some lines say things in another way than most."""
    maps.load(lab)
    rows = [f"{n if n % 1000 else hex(n)},{n * 7},{1 << n % 64}" for n in range(COUNT)]
    (lab.directory / "many.csv").write_text("\n".join(["key,packets,bytes", *rows, ""]))
    code = "import resource; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    words = ("map", "set", "many", "--batch", "many.csv")
    measured = f"import subprocess; subprocess.run({[XDPCTL, '--show-commands', *words]}, check=True); {code}"
    done = lab.run(sys.executable, "-c", measured)
    assert "bpf_map_update_batch of libbpf" in done.stderr
    assert int(done.stdout.split()[-1]) < 64 << 10
    assert lab.dump("many") == {n: {"packets": n * 7, "bytes": 1 << n % 64} for n in range(COUNT)}
    shown = lab.xdpctl("--show-commands", "map", "delete", "many", "--batch", "many.csv")
    assert (shown.returncode, shown.stdout) == (0, f"{COUNT} elements of many deleted\n")
    assert "bpf_map_delete_batch of libbpf" in shown.stderr
    lab.ok(*words, "--new")
    lab.refused(2, "many[0] is there already (EEXIST)\n  0 of", *words, "--new")


def test_a_file_with_something_wrong_changes_nothing(lab: Lab) -> None:
    maps.load(lab)
    lab.ok("map", "set", "flows", "10.0.0.1,1,0", "1", "2")
    begin = "src_ip,dst_port,zone,packets\n10.0.0.1,1,0,5\n"
    wanted = {
        f"{begin}10.0.0.1,1,0,6\n": "f:3: the key src_ip=10.0.0.1 dst_port=1 zone=0 is in line 2 already",
        f"{begin}10.0.0.1,70000,0,6\n": "f:3: key.dst_port can't be '70000'",
        f"{begin}10.0.0.1,2,0,6\n": "f:3: value lacks bytes",
        "word": "f:1: there is no column 'word'",
        begin.replace("packets", "packet"): "f:1: there is no column 'packet'\n  did you mean 'packets'?",
        '{"key":[1,2,3],"value":[1,2]}': "f:1: key.src_ip can't be 1",
        "src_ip,dst_port,zone,cpu,packets\n10.0.0.1,1,0,0,5\n": "f:2: --cpu: flows is of type hash",
    }
    for number, text in enumerate(wanted):
        (lab.directory / f"{number}f").write_text(text)
    commands = [f"map set flows --batch {number}f".split() for number in range(len(wanted))]
    for ran, says in zip(maps.each(lab, commands), wanted.values(), strict=True):
        assert (ran.status, ran.out) == (2, "")
        assert says in ran.err
    rows = "".join(f"10.0.0.1,{port},0,1,2\n" for port in range(1, 5))
    (lab.directory / "f").write_text(f"{begin.splitlines()[0]},bytes\n{rows}")
    lab.refused(2, "f tells of 4 elements, flows has room for 3", "map", "set", "flows", "--batch", "f")
    lab.refused(2, "f:3: flows has no key", "map", "delete", "flows", "--batch", "f")
    assert [entry["value"] for entry in lab.read("flows")["entries"]] == [{"packets": 1, "bytes": 2}]
    (lab.directory / "f").write_text(begin)
    assert lab.ok("map", "set", "flows", "--batch", "f") == "1 element of flows set\n"
    assert [entry["value"] for entry in lab.read("flows")["entries"]] == [{"packets": 5, "bytes": 2}]


def test_a_batch_is_as_strict_as_a_single_word(lab: Lab) -> None:
    """To a trie both prefixes would be one, and the second verdict would take the place of the first."""
    lab.load_spec('[policy]\nmap = "list"\nkey = "src_ip"')
    for text, says in {
        "10.1.2.0/16,drop\n10.1.3.0/16,pass": "f:2: key can't be '10.1.2.0/16': bits are set behind",
        "10.1.0.0/16,9": "f:2: value can't be '9': it is a number from 0 to 4",
    }.items():
        (lab.directory / "f").write_text(f"key,value\n{text}\n")
        lab.refused(2, says, "map", "set", "list", "--batch", "f")
    assert lab.read("list")["entries"] == []


def test_where_it_ended(lab: Lab) -> None:
    """A full map is found out while it is filled: others write to it, too."""
    maps.load(lab)
    lab.ok("map", "set", "flows", "10.0.0.9,9,9", "1", "2")
    rows = "".join(f"10.0.0.1,{port},0,1,2\n" for port in range(1, 4))
    (lab.directory / "f").write_text(f"src_ip,dst_port,zone,packets,bytes\n{rows}")
    hidden = "import xdpctl.tools.libbpf as l; l.installed = lambda: False"
    code = f"import sys; {hidden}; from xdpctl.cli import execute; sys.exit(execute(sys.argv[1:]))"
    for way in ([], [code]):
        words = ("map", "set", "flows", "--batch", "f")
        done = lab.run(sys.executable, "-c", *way, *words) if way else lab.xdpctl(*words)
        assert done.returncode == 4
        assert "flows[src_ip=10.0.0.1 dst_port=3 zone=0] can't be added: flows is full" in done.stderr
        assert "2 of 3 elements were written before that, and stay so" in done.stderr
        assert len(json.loads(lab.ok("map", "keys", "flows", "--json"))["keys"]) == 3
        lab.ok("map", "delete", "flows", "10.0.0.1,1,0")
        lab.ok("map", "delete", "flows", "10.0.0.1,2,0")
