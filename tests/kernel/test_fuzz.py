"""Generated programs against the reference: any spec, any packets, each verdict and each count.

XDPCTL_FUZZ=20 tries twenty times 40 specs, and others each time; without it, a sample is tried.
"""

import json
import os
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, note, seed, settings

from ..reference import keys
from ..reference.facts import AUTHENTICATION, EXTENSIONS, FRAGMENT, IPV4, IPV6, MOBILITY, WITH_PORTS
from ..reference.found import TIMES, Found, same
from ..reference.model import Model
from ..reference.packets import (
    ETHERTYPES,
    FIRST_BYTES,
    IPV4_ADDRESSES,
    IPV6_ADDRESSES,
    SHORTEST,
    ethernet,
    extension,
    ipv4,
    ipv6,
    misread,
    upper,
)
from ..reference.scenarios import HERE, Scenario, Shot, scenarios
from ..reference.specs import IFINDEX, PARTS, POLICY_VERDICTS, PREFIXES, QUEUES, prefix, toml
from .conftest import COMMAND, PIN, Lab

SPECS = 40
SAMPLE = 20
AT_ONCE = 500
SEEDS = range(SAMPLE)
if times_as_much := int(os.environ.get("XDPCTL_FUZZ", "0")):
    SEEDS = range(start := time.time_ns() // 1000, start + SPECS * times_as_much)
SET_UP = f"""
set -e
ip link add veth2 index {IFINDEX} numrxqueues {QUEUES} type veth peer name veth3 numtxqueues {QUEUES}
ip link set veth2 up
{COMMAND} build --program xdp_idle --out idle
{COMMAND} load idle/xdp_idle.bpf.o --pin /sys/fs/bpf/idle --dev veth2
"""
"""`prog run` can say that packets came from an interface once it has a program."""


@pytest.fixture
def rig(lab: Lab) -> "Rig":
    lab.must("sh", "-c", SET_UP)
    return Rig(lab)


@dataclass
class Rig:
    """Runs scenarios in a lab, and compares what happens with the reference."""

    lab: Lab

    def compare(self, scenario: Scenario) -> None:
        model = Model(scenario.spec, scenario.policy, scenario.ports)
        tables = scenario.spec["counter"]
        self.load(scenario.spec)
        began = time.monotonic_ns()
        verdicts = self.run(scenario)
        ended = time.monotonic_ns()
        for n, shot in enumerate(scenario.shots):
            frame = shot.frame
            for _ in range(shot.repeat):
                verdict, frame = model.run(frame, shot.place)
            same(f"verdict on {shot}", keys.VERDICTS[verdicts[n]], keys.VERDICTS[verdict])
            same(f"what is left of {shot}", self.file(f"out{n}").read_bytes().hex(), frame.hex())
        for found, counter in zip(self.dump(tables), model.counters, strict=True):
            found.check(counter, began, ended)

    def load(self, spec: Mapping[str, Any]) -> None:
        self.file("spec.toml").write_text(toml(spec))
        self.lab.must("sh", "-c", f"rm -rf {PIN} && {COMMAND} build spec.toml && {COMMAND} load")

    def run(self, scenario: Scenario) -> list[int]:
        """The verdicts of all shots; those of each CPU come from one process that is bound to it."""
        updates = [
            *(f"policy key hex {key.hex(' ')} value hex {_u32(n)}" for key, n in scenario.policy.items()),
            *(f"tx_port key hex {_u32(slot)} value hex {_u32(n)}" for slot, n in scenario.ports.items()),
        ]
        batches = {0: [f"map update pinned {PIN}/{update}" for update in updates], 1: []}
        for n, shot in enumerate(scenario.shots):
            batches[shot.place.cpu].append(self.command(n, shot))
        said = chain.from_iterable(self.batch(cpu, lines) for cpu, lines in batches.items() if lines)
        return [line["output"]["retval"] for line in said if line["command"][0] == "prog"]

    def command(self, n: int, shot: Shot) -> str:
        self.file(f"in{n}").write_bytes(shot.frame)
        self.file(f"out{n}").unlink(missing_ok=True)
        command = f"prog run pinned {PIN}/xdp_allow data_in in{n} data_out out{n} repeat {shot.repeat}"
        if shot.place.ifindex == HERE.ifindex:
            return command
        length, place = len(shot.frame), shot.place
        self.file(f"ctx{n}").write_bytes(struct.pack("6I", 0, length, 0, place.ifindex, place.rx_queue, 0))
        return f"{command} ctx_in ctx{n}"

    def batch(self, cpu: int, lines: list[str]) -> list[Any]:
        """Not too many at once: bpftool opens a file for each packet, and closes none."""
        results: list[Any] = []
        for start in range(0, len(lines), AT_ONCE):
            self.file("batch").write_text("".join(f"{line}\n" for line in lines[start : start + AT_ONCE]))
            said = self.lab.must("taskset", "-c", str(cpu), "bpftool", "-n", "-j", "batch", "file", "batch")
            results += json.loads(said)
        return results

    def dump(self, tables: list[Mapping[str, Any]]) -> list[Found]:
        """All dumps of all counters, several at once."""
        lines = []
        for table in tables:
            lines += [f"{command} > {table['map']}.{kind}" for kind, command in dumps_of(table).items()]
        self.file("dumps").write_text("\n".join(lines))
        self.lab.must("xargs", "-a", "dumps", "-d", "\\n", "-n1", "-P4", "sh", "-c")
        return [self.found(table) for table in tables]

    def found(self, table: Mapping[str, Any]) -> Found:
        dumps = {
            kind: json.loads(self.file(f"{table['map']}.{kind}").read_bytes()) for kind in dumps_of(table)
        }
        dumps["memory"] += dumps.pop("memory6", [])
        return Found(tuple(table.get("fields", ["packets"])), **dumps)

    def file(self, name: str) -> Path:
        return self.lab.directory / name


def dumps_of(table: Mapping[str, Any]) -> dict[str, str]:
    """Commands; raw numbers are only worth one where others aren't shown as they are."""
    name = table["map"]
    memory = f"bpftool -n -j map dump pinned {PIN}/{name}"
    return {
        "shown": f"{COMMAND} dump {name} --json",
        "memory": memory,
        **({"memory6": f"{memory}6"} if table.get("key") == "flow" else {}),
        **({"raw": f"{COMMAND} dump {name} --json --raw"} if {*TIMES} & {*table.get("fields", ())} else {}),
    }


def _u32(number: int) -> str:
    return number.to_bytes(4, "little").hex(" ")


def test_programs_do_what_the_reference_does(rig: Rig) -> None:
    """One example of each seed: asked for many, Hypothesis would try most specs several times."""

    @settings(
        max_examples=1,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenario=scenarios())
    def compare(scenario: Scenario) -> None:
        assume(scenario.shots)
        note(f"with seed {number}:\n{scenario}")
        rig.compare(scenario)

    for number in SEEDS:
        seed(number)(compare)()


TAGS = [(0x88A8, 5), (0x8100, 6)]
LONG = [
    ethernet(IPV4, ipv4(6, upper(), tos=0xBB)),
    ethernet(IPV4, ipv4(17, upper(), options=bytes(40)), TAGS),
    ethernet(IPV4, ipv4(132, upper(), fragment=0x2000), TAGS * 2),
    ethernet(IPV4, ipv4(6, upper(), longer=-7)),
    ethernet(IPV4, ipv4(6, upper(), longer=-17)),
    ethernet(IPV4, ipv4(6, upper(), longer=-40)),
    ethernet(IPV4, ipv4(6, upper(), longer=-60, options=bytes(20)), TAGS),
    ethernet(IPV4, ipv4(6, upper(), longer=-39)),
    ethernet(IPV4, ipv4(6, upper(), fragment=1)),
    ethernet(IPV4, ipv4(6, upper()), TAGS * 3),
    ethernet(IPV6, ipv6(6, upper(), tos=0x6F)),
    ethernet(IPV6, ipv6(6, upper(), longer=-17), TAGS),
    ethernet(IPV6, ipv6(6, upper(), longer=-20)),
    *(ethernet(IPV6, ipv6(kind, extension(kind, 6) + upper(), longer=-99)) for kind in EXTENSIONS),
    *(ethernet(IPV4, ipv4(protocol, upper())) for protocol in WITH_PORTS),
    *(ethernet(IPV4, misread(ipv4(6, upper()), first)) for first in FIRST_BYTES),
    *(ethernet(IPV6, misread(ipv6(6, upper()), first)) for first in FIRST_BYTES),
    *(ethernet(IPV6, ipv6(kind, extension(kind, 6, 1) + upper())) for kind in EXTENSIONS),
    ethernet(
        IPV6,
        ipv6(FRAGMENT, extension(FRAGMENT, AUTHENTICATION, 0, 1) + extension(AUTHENTICATION, 17) + upper()),
    ),
    *(ethernet(IPV6, ipv6(FRAGMENT, extension(FRAGMENT, 6, 0, word) + upper())) for word in (7, 8)),
    ethernet(IPV6, ipv6(FRAGMENT, extension(FRAGMENT, AUTHENTICATION, 0, 8) + upper())),
    ethernet(IPV6, ipv6(MOBILITY, extension(MOBILITY, 6) + upper(), longer=-21)),
    ethernet(IPV6, ipv6(MOBILITY, extension(MOBILITY, MOBILITY) * 5 + extension(MOBILITY, 6) + upper())),
    ethernet(IPV6, ipv6(MOBILITY, extension(MOBILITY, MOBILITY) * 6 + extension(MOBILITY, 6) + upper())),
    *(ethernet(ethertype, upper() * 2) for ethertype in ETHERTYPES),
]


SHORTER = [
    Shot(frame)
    for frame in dict.fromkeys(whole[:length] for whole in LONG for length in range(SHORTEST, len(whole) + 1))
]


def test_frames_cut_at_every_length(rig: Rig) -> None:
    """One counter by everything that a packet can have, so that each frame is an entry or nearly so."""
    everything = {"type": "hash", "key": ["verdict", *PARTS], "fields": ["packets", "bytes"]}
    flows = {"type": "percpu_hash", "key": "flow", "fields": ["min_length", "max_length"]}
    spec = {
        "verdict": "tx",
        "counter": [{"map": "everything", "max_entries": 4096, **everything}, {"map": "flows", **flows}],
    }
    rig.compare(Scenario(spec, SHORTER))


UNLIKELY = {"vlan": 7, "ethertype": 0x9999, "src_ip": "1.1.1.1", "ip_proto": 201, "dst_port": 7}
"""No frame here has any of these."""


@pytest.mark.parametrize("key", [*UNLIKELY, "tcp_flags"])
def test_frames_on_which_a_rule_cannot_be_decided(rig: Rig, key: str) -> None:
    """The rule matches none: a frame is dropped where the key can't be seen, and only there."""
    rule = {"match": {key: UNLIKELY.get(key, "fin|syn|rst")}, "verdict": "tx"}
    spec = {"undecided": "drop", "counter": [{"map": "c0", "key": "verdict"}], "rule": [rule]}
    rig.compare(Scenario(spec, SHORTER))


def test_prefixes_of_a_policy(rig: Rig) -> None:
    """All addresses, of which the map speaks in prefixes of all lengths."""
    addresses = IPV4_ADDRESSES + IPV6_ADDRESSES
    known = [prefix(keys.memory("src_ip", a), bits) for a in (*addresses, None) for bits in PREFIXES]
    policy = dict(zip(known, cycle(POLICY_VERDICTS), strict=False))
    spec = {
        "verdict": "drop",
        "counter": [{"map": "c0", "type": "hash", "key": ["src_ip", "verdict"]}],
        "policy": {"map": "policy", "key": "src_ip"},
    }
    frames = [ethernet(IPV4, ipv4(6, b"", src=address)) for address in IPV4_ADDRESSES]
    frames += [ethernet(IPV6, ipv6(6, b"", src=address)) for address in IPV6_ADDRESSES]
    for most in (40, 64, 160):
        entries = {key: verdict for key, verdict in policy.items() if key[0] <= most}
        rig.compare(Scenario(spec, [Shot(frame) for frame in (*frames, ethernet(0x0806, b""))], entries))
