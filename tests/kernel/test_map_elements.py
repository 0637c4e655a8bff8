"""Elements of maps, set, shown and deleted in words, and what the kernel's refusals mean."""

import json
import shlex

from . import maps
from .conftest import PIN, Lab


def test_elements_in_words(lab: Lab) -> None:
    maps.load(lab)
    flow = "src_ip=10.0.0.1 dst_port=80 zone=7"
    assert lab.ok("map", "next", "flows", "--json") == '{"schema":1,"next_key":null,"last":true}\n'
    told = {
        "set actions drop packets=5 bytes=9": "actions[XDP_DROP] = packets=5 bytes=9, was packets=0 bytes=0",
        "set actions XDP_DROP bytes=1": "actions[XDP_DROP] = packets=5 bytes=1, was packets=5 bytes=9",
        f"set flows {flow} 1 2 --new": f"flows[{flow}] = packets=1 bytes=2, new",
        f"set flows '{flow}' packets=3": f"flows[{flow}] = packets=3 bytes=2, was packets=1 bytes=2",
        "set policy 10.0.0.0/8 drop": "policy[10.0.0.0/8] = XDP_DROP, new",
        "set policy 10.1.0.0/16 pass": "policy[10.1.0.0/16] = XDP_PASS, new",
        "set names 'a b' -- -5": "names[a b] = -5, new",
        "set names [1,-1,0,0,0,0,0,0] 5": "names[[1,-1,0,0,0,0,0,0]] = 5, new",
        "set tx_ports 2 1": "tx_ports[2] = lo (1), new",
        "keys tx_ports": "2",
        "keys flows": flow,
        "next flows": flow,
        "next actions pass": "XDP_TX",
        "next actions 4": "4 is the last key of actions\n",
        "delete names 'a b'": "names[a b] deleted, was -5",
        "keys names": "[1,-1,0,0,0,0,0,0]",
        "delete policy 10.1.0.0/16": "policy[10.1.0.0/16] deleted, was XDP_PASS",
        "delete tx_ports 2": "tx_ports[2] deleted, was 1",
        "clear actions": "5 elements of actions made zero",
        "clear names": "1 element of names deleted",
    }
    done = maps.each(lab, [["map", *shlex.split(words)] for words in told])
    assert [ran.out.rstrip() + ran.err for ran in done] == [*told.values()]
    assert not any(any(value.values()) for value in lab.dump("actions").values())
    as_json = '{"src_ip": "10.0.0.1", "dst_port": 80, "zone": 7}'
    keys = (shlex.split(flow), [flow], [as_json], ["10.0.0.1", "80", "7"])
    for ran in maps.each(lab, [["map", "get", "flows", *key, "--json"] for key in keys]):
        assert json.loads(ran.out) == lab.read("flows")
    get = lab.xdpctl("map", "get", "policy", "10.1.2.3")
    assert get.stdout.splitlines()[1].split() == ["8", "10.0.0.0", "XDP_DROP"]
    assert get.stderr == "10.1.2.3/32 lies in this prefix\n"


def test_what_cannot_be_done(lab: Lab) -> None:
    maps.load(lab)
    flows = [f"map set flows 10.0.0.1,{port},0 1 2" for port in (1, 2, 3)]
    policy = [f"map set policy {prefix}/8 drop" for prefix in ("10.0.0.0", "11.0.0.0")]
    assert not any(ran.status for ran in maps.each(lab, [line.split() for line in (*flows, *policy)]))
    lab.must("bpftool", "map", "freeze", "pinned", f"{PIN}/frozen")
    before = [lab.read(name) for name in ("flows", "policy", "actions")]
    wanted = {
        "get flows 10.0.0.1 4 0": (2, "flows has no key src_ip=10.0.0.1 dst_port=4 zone=0 (ENOENT)"),
        "next flows 10.0.0.1 4 0": (2, "flows has no key"),
        "delete policy 10.0.0.0/9": (2, "policy has no key 10.0.0.0/9"),
        "get policy 12.0.0.1": (2, "policy has no key 12.0.0.1/32"),
        "get actions 5": (
            2,
            "actions has no element 5: its type is array, with 5 elements\n  its keys: 0 to 4\n"
            "  the kernel calls this ENOENT where it is read, E2BIG where it is written",
        ),
        "set actions 5 1 2": (2, "key can't be '5': it is a number from 0 to 4"),
        "set flows 10.0.0.1,1,0 1 2 --new": (2, "is there already (EEXIST)\n  leave out --new"),
        "set flows 10.0.0.1,4,0 1 2 --existing": (2, "flows has no key"),
        "set flows 10.0.0.1,4,0 1 2": (1, "flows is full, it has room for 3 elements (E2BIG)"),
        "set policy 12.0.0.0/8 drop": (1, "policy is full, it has room for 2 elements (ENOSPC)"),
        "set policy 10.0.0.1/8 drop": (2, "did you mean '10.0.0.0/8'?"),
        "set actions drop 300": (2, "value has 2 members, 1 is given"),
        "set policy 10.0.0.0/8 300": (2, "value can't be '300'"),
        "set names a 2147483648": (2, "it is a number from -2147483648 to 2147483647"),
        "set frozen 1 1": (1, "frozen is frozen"),
        "clear frozen": (1, "frozen is frozen"),
        "delete actions drop": (
            1,
            "none can be deleted (EINVAL)\n  overwrite one with zeros: xdpctl map set actions KEY VALUE",
        ),
        "set programs 0 1": (1, "it holds programs, not bytes\n  bpftool map update id "),
        "get queue 0": (1, "queue is of type queue, which has no keys"),
        "clear queue": (1, "queue is of type queue, which has no keys"),
        "set actions drop 1 2 --cpu 0": (2, "which has one value for all CPUs"),
        "get actions drop --per-cpu": (2, "which has one value for all CPUs"),
        "set actions drop +1 2": (2, "value.packets can't be '+1': numbers have no plus sign"),
        "set actions +1 1 2": (2, "key can't be '+1': numbers have no plus sign"),
        "keys nowhere": (2, "there is no map 'nowhere'"),
    }
    done = maps.each(lab, [["map", *words.split()] for words in wanted])
    for ran, (code, says) in zip(done, wanted.values(), strict=True):
        assert (ran.status, ran.out) == (code, ""), says
        assert says in ran.err
    assert [lab.read(name) for name in ("flows", "policy", "actions")] == before


def test_what_would_be_run_and_what_is(lab: Lab) -> None:
    maps.load(lab)
    about = json.loads(lab.must("bpftool", "-j", "map", "show", "pinned", f"{PIN}/policy"))
    key, value = "08 00 00 00 0a 00 00 00", "01 00 00 00"
    command = f"bpftool -j -n map update id {about['id']} key hex {key} value hex {value} noexist\n"
    words = ("map", "set", "policy", "10.0.0.0/8", "drop", "--new")
    assert lab.ok("--dry-run", *words) == command
    assert lab.read("policy")["entries"] == []
    assert lab.xdpctl("--show-commands", *words).stderr.endswith(command)
    delete = f"bpftool -j -n map delete id {about['id']} key hex {key}\n"
    assert lab.ok("--dry-run", "map", "delete", "policy", "10.0.0.0/8") == delete
    assert lab.ok("--dry-run", "map", "clear", "policy") == delete
    said = lab.ok("--dry-run", "map", "clear", "actions").splitlines()
    assert (len(said), said[-1]) == (4, "# and so on: 5 elements in all")


def test_values_of_cpus(lab: Lab) -> None:
    maps.load(lab)
    cpus = len(lab.read("cpu_actions", "--per-cpu")["entries"][0]["per_cpu"])
    together = f"(of {cpus} CPUs together)\n"

    def held() -> list[tuple[int, int]]:
        parts = lab.read("cpu_actions", "--per-cpu")["entries"][1]["per_cpu"]
        return [(part["value"]["packets"], part["value"]["bytes"]) for part in parts]

    lab.refused(2, "say which CPU gets this", "map", "set", "cpu_actions", "1", "packets=3", "bytes=0")
    lab.refused(2, f"there is no CPU {cpus}", "map", "set", "cpu_actions", "1", "1", "2", "--cpu", str(cpus))
    lab.ok("map", "set", "cpu_actions", "1", "bytes=7", "--cpu", "all")
    said = lab.ok("map", "set", "cpu_actions", "1", "packets=3", "--cpu", "1")
    assert said == f"cpu_actions[1] = packets=3 bytes={7 * cpus}, was packets=0 bytes={7 * cpus} {together}"
    assert held() == [(0, 7), (3, 7), *[(0, 7)] * (cpus - 2)]
    lab.ok("map", "set", "cpu_actions", "1", "packets=0")
    assert held() == [(0, 7)] * cpus
    said = lab.ok("map", "set", "cpu_flows", "9", "1", "2", "--cpu", "0")
    assert said == f"cpu_flows[9] = packets=1 bytes=2, new {together}"
    parts = json.loads(lab.ok("map", "get", "cpu_flows", "9", "--per-cpu", "--json"))["entries"][0]["per_cpu"]
    assert [part["value"]["packets"] for part in parts] == [1] + [0] * (cpus - 1)
    assert lab.ok("map", "clear", "cpu_actions") == "5 elements of cpu_actions made zero\n"
    assert held() == [(0, 0)] * cpus
