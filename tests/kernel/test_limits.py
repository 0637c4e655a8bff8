"""The largest programs that a spec can ask for compile, and the verifier takes them."""

import re
from typing import Any

import pytest

from ..reference.specs import PARTS, toml
from .conftest import Lab

COUNTERS = [
    {"map": "actions", "type": "percpu_array", "key": "verdict"},
    {"map": "flows", "type": "percpu_hash", "key": "flow", "fields": ["packets", "bytes"]},
    {"map": "pairs", "type": "lru_percpu_hash", "key": ["src_ip", "dst_ip", "vlan", "verdict"]},
]
EVERYTHING = {
    "type": "lru_percpu_hash",
    "key": ["verdict", *PARTS],
    "fields": ["packets", "bytes", "first_seen", "last_seen", "min_length", "max_length"],
}
MOST_STACK = 512 - 2 * 32
"""In bytes: older kernels round up what each function has to multiples of 32, and add them up."""
VERDICTS = ("drop", "tx", "pass", "aborted")


def rules(count: int, *lists: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"match": lists[i % len(lists)], "verdict": VERDICTS[i % 4]} for i in range(count)]


SPECS: dict[str, dict[str, Any]] = {
    "a thousand ports": {
        "counter": COUNTERS,
        "rule": rules(1, {"dst_port": [*range(1, 1025)]}),
    },
    "a thousand prefixes": {
        "counter": COUNTERS,
        "rule": rules(64, *({"src_ip": [f"2001:db8:{i}:{n}::/64" for n in range(16)]} for i in range(64))),
    },
    "lists of everything": {
        "counter": COUNTERS,
        "rule": rules(
            64,
            *(
                {
                    "src_ip": [f"2001:db8:{i}:{n}::1" for n in range(4)],
                    "dst_port": [f"{n + 1}-{n + 1 + i}" for n in range(4)],
                    "tcp_flags": ["syn", "syn/syn|ack", "0", "none"],
                    "ifindex": [1000 + n * i for n in range(4)],
                }
                for i in range(64)
            ),
        ),
    },
    "interfaces and queues": {
        "verdict": "redirect",
        "redirect": {"key": "ifindex"},
        "counter": COUNTERS,
        "rule": rules(64, *({"ifindex": 1000 + i, "rx_queue": i + 1, "dst_port": i} for i in range(64))),
    },
    "eight counters of everything": {
        "policy": {"key": "src_ip"},
        "counter": [{"map": f"all{n}", **EVERYTHING} for n in range(8)],
        "rule": rules(
            64,
            *(
                {
                    "ip_proto": ["tcp", "udp"],
                    "src_ip": [f"10.{i}.0.0/16", f"2001:db8:{i}::/48"],
                    "dst_mac": ["02:00:00:00:00:aa", "02:00:00:00:0b:00/40"],
                    "length": [f"{i + 2000}-{i + 2100}", 1999],
                }
                for i in range(64)
            ),
        ),
    },
}
SPECS |= {
    f"{name}, undecided": SPECS[name] | {"undecided": "drop"}
    for name in ("lists of everything", "eight counters of everything")
}


@pytest.mark.parametrize("name", SPECS)
def test_it_loads_and_counts(lab: Lab, name: str) -> None:
    spec = SPECS[name]
    lab.load_spec(toml(spec))
    assert stack(lab) <= MOST_STACK
    lab.send([60, 1500])
    for counter in spec["counter"]:
        said = lab.read(counter["map"])
        value = [entry["value"] for entry in said["entries"]]
        assert sum(v["packets"] if isinstance(v, dict) else v for v in value) == 2


def stack(lab: Lab) -> int:
    """How deep the program writes."""
    code = lab.must("llvm-objdump", "-d", "--no-show-raw-insn", "-j", "xdp", "bpf/xdp_allow.bpf.o")
    return max(map(int, re.findall(r"r10 - (\d+)", code)))
