"""Two CPUs at once, on maps that are too small and with real traffic: no packet goes uncounted."""

import json
import sys
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

import pytest

from ..reference import keys
from ..reference.keys import Place
from ..reference.model import Model
from ..reference.packets import ethernet, ipv4, upper
from ..reference.specs import toml
from .conftest import PIN, Lab

REPEAT = 20_000
BATCH = f"""
cd frames
for frame in *; do
    echo prog run pinned {PIN}/xdp_allow data_in frames/$frame repeat {REPEAT}
done > ../batch
cd ..
taskset -c 0 bpftool -n batch file batch & taskset -c 1 bpftool -n batch file batch
wait
"""
HASH_KEYS: tuple[keys.Keys, ...] = ("src_ip", "dst_port", "flow", ["ip_proto", "src_port"])
ARRAY_KEYS: tuple[keys.Keys, ...] = ("dst_port", "ip_proto", "length")
TYPES = ("hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "array", "percpu_array")
FRAMES = [
    ethernet(
        0x0800, ipv4(6 if n % 3 else 17, upper(n % 7, n) + bytes(n * 4), src=IPv4Address("10.9.0.0") + n)
    )
    for n in range(32)
]

TRAFFIC = """
# Sends each of the frames that stdin brings as hex, over and over, slowly enough for the receiver.
import socket, sys, time
device, rounds = sys.argv[1], int(sys.argv[2])
frames = [bytes.fromhex(line) for line in sys.stdin]
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
    s.bind((device, 0))
    for _ in range(rounds):
        for frame in frames:
            s.send(frame)
        time.sleep(0.001)
"""


def spec(counters: list[Mapping[str, Any]]) -> dict[str, Any]:
    named = [{"map": f"c{n}", "fields": ["packets", "bytes"], **c} for n, c in enumerate(counters)]
    return {"verdict": "drop", "counter": named}


def load(lab: Lab, spec: Mapping[str, Any], *options: str) -> None:
    (lab.directory / "spec.toml").write_text(toml(spec))
    lab.ok("build", "spec.toml")
    lab.ok("load", *options)


def dump(lab: Lab, name: str) -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
    """All that is said of a map, and what was counted by key."""
    said = json.loads(lab.ok("dump", name, "--json"))
    entries = [entry for entry in said["entries"] if entry["value"]["packets"]]
    return said, {json.dumps(entry["key"]): entry["value"] for entry in entries}


@pytest.mark.parametrize("map_type", TYPES)
def test_a_map_that_is_too_small(lab: Lab, map_type: str) -> None:
    """Both CPUs bring the same keys at the same time, and only some of them find a place."""
    by = ARRAY_KEYS if "array" in map_type else HASH_KEYS
    program = spec([{"type": map_type, "key": key, "max_entries": 7} for key in by])
    load(lab, program)
    (lab.directory / "frames").mkdir()
    for n, frame in enumerate(FRAMES):
        (lab.directory / f"frames/{n:02}").write_bytes(frame)
    lab.must("sh", "-ec", BATCH)
    packets, size = 2 * REPEAT * len(FRAMES), 2 * REPEAT * sum(map(len, FRAMES))
    for n in range(len(by)):
        said, found = dump(lab, f"c{n}")
        rest = said["forgotten" if "lru" in map_type else "lost"]
        assert sum(value["packets"] for value in found.values()) + rest["packets"] == packets
        assert sum(value["bytes"] for value in found.values()) + rest["bytes"] == size
        if "lru" in map_type:
            assert said["total"] == {"packets": packets, "bytes": size}


def test_traffic_from_two_cpus(lab: Lab) -> None:
    program = spec(
        [
            {"type": "percpu_hash", "key": "flow"},
            {"type": "percpu_array", "key": "ip_proto"},
            {"type": "lru_hash", "key": "src_ip"},
        ]
    )
    load(lab, program, "--dev", "veth0")
    rounds = 300
    (lab.directory / "traffic").write_text("".join(f"{frame.hex()}\n" for frame in FRAMES))
    (lab.directory / "sender.py").write_text(TRAFFIC)
    send = f"nsenter --net=/run/netns/peer {sys.executable} sender.py veth1 {rounds} < traffic"
    lab.must("sh", "-ec", f"taskset -c 0 {send} & taskset -c 1 {send}; wait")
    model = Model(program)
    for frame in FRAMES:
        model.run(frame, Place())
    for n, counter in enumerate(model.counters):
        said, found = dump(lab, f"c{n}")
        assert found == {
            json.dumps(keys.shown(counter.key, value)): {
                "packets": count.packets * 2 * rounds,
                "bytes": count.bytes * 2 * rounds,
            }
            for value, count in counter.entries.items()
        }
        assert said.get("forgotten", {"packets": 0})["packets"] == 0
