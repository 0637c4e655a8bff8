"""An answer of bpftool or ip that can't be read is an error, and never taken for nothing, zero or the whole.

Each call of each verb that reads fails in each way: of all these cases, XDPCTL_ROUNDS are tried.
"""

import os
import random
import re

from xdpctl.errors import HostLacks, Refused

from . import faults
from .conftest import Lab
from .faults import FAULTS, Case, Ran

SPEC = """
program = "xdp_faults"
[[counter]]
map = "sizes"
type = "percpu_array"
key = "verdict"
fields = ["packets", "bytes"]
[[counter]]
map = "hosts"
type = "lru_hash"
key = "src_ip"
max_entries = 16
[[counter]]
map = "ports"
type = "hash"
key = "dst_port"
max_entries = 16
[policy]
map = "blocked"
key = "src_ip"
default = "pass"
"""
VERBS = [
    ["why", "veth0"],
    ["why", "sizes"],
    ["run", "bpf/xdp_faults.bpf.o", "--packet", "icmp", "--packet", "udp"],
    ["run", "bpf/xdp_faults.bpf.o", "--packet", "icmp", "--repeat", "30"],
    ["run", "xdp_faults", "--live", "--packet", "icmp"],
    ["dump", "sizes"],
    ["dump", "hosts", "--json"],
    ["dump", "ports", "--csv"],
    ["dump", "blocked", "--jsonl"],
    ["dump", "sizes", "--prometheus"],
    ["dump", "ports", "--via", "batch"],
    ["status"],
    ["status", "--json"],
    ["watch", "hosts", "ports", "--via", "bpftool", "--count", "2", "--interval", "0.05"],
    ["map", "list"],
    ["map", "show", "hosts"],
    ["map", "get", "blocked", "10.0.0.0/8"],
    ["map", "get", "sizes", "drop"],
    ["map", "get", "ports", "7"],
    ["map", "next", "blocked"],
    ["map", "next", "sizes", "redirect"],
    ["map", "keys", "blocked"],
    ["dump", "sizes", "--save", "-"],
]
SILENT = (["map", "get", "ports", "7"], ["map", "next", "sizes", "redirect"])
"""What isn't there is said on stderr."""
SURE = [
    Case(["why", "veth0"], "bpftool -j -n map dump id N, 1", "null"),
    Case(VERBS[2], "bpftool -j -n map dump id N, 9", "silent"),
    Case(["dump", "sizes"], "bpftool -j -n map dump id N, 1", "killed half-way"),
    Case(["status"], "ip -j -d link show, 1", "silent"),
    Case(VERBS[13], "bpftool -j -n batch file TEMP, 1", "object"),
    Case(["map", "get", "ports", "7"], "bpftool -j -n map lookup id N key hex N N N N, 1", "mute, by errno"),
]
"""What is always tried."""
FEW = 25
ROUNDS = int(os.environ.get("XDPCTL_ROUNDS", FEW))


def is_read(call: str) -> bool:
    """What acts is tried elsewhere; so are namespaces of others, of which there may be any number."""
    return " prog load " not in call and not (call.startswith("ip -j -d link show, ") and call[-2:] != " 1")


def may_be(fault: str, call: str) -> bool:
    """Whether such an answer can be true: there is nothing of a kind, a hash is empty, a key is the last."""
    if fault == "whole, and a failure":
        return " map getnext " in call
    kinds = (" prog show, ", " map show, ", " link show, ", " map dump ")
    return fault == "list" and call.startswith("bpftool") and any(kind in call for kind in kinds)


def prepare(lab: Lab) -> None:
    faults.install(lab)
    lab.load_spec(SPEC)
    lab.ok("map", "set", "blocked", "10.0.0.0/8", "pass")
    lab.ping(3)


def cases(plain: list[Ran]) -> list[Case]:
    return [
        Case(words, call, fault)
        for words, ran in zip(VERBS, plain, strict=True)
        for call in filter(is_read, ran.calls)
        for fault in FAULTS
        if not may_be(fault, call)
    ]


def masked(text: str) -> str:
    """Without what differs from time to time: numbers, and how wide columns are."""
    return re.sub(r"[0-9]+", "N", re.sub(" +", " ", text))


def wrong(case: Case, ran: Ran, plain: Ran) -> str:
    """What must not be; what had been read before the fault may be shown, and nothing else."""
    if ran.status not in (Refused.exit_code, HostLacks.exit_code):
        return f"status {ran.status}"
    if "Traceback" in ran.err:
        return "a traceback"
    if case.call.split()[0] not in ran.err and "the kernel" not in ran.err:
        return "nobody is named"
    if case.words[0] == "watch":
        later = "batch" in case.call and not case.call.endswith(", 1")
        return "" if later or not ran.out else "something is shown"
    if "--json" in case.words and ran.out.startswith('{"schema":1,"error":'):
        return "" if ran.out.count("\n") == 1 else "something is shown besides the error"
    whole, shown = masked(plain.out), masked(ran.out)
    if is_last(case) and sorted(shown.splitlines()) == sorted(whole.splitlines()):
        return ""  # a hash has its elements in another order each time
    return "" if whole.startswith(shown) and shown != whole else "something is shown"


def is_last(case: Case) -> bool:
    """Whether all that is said on stdout may be read before: what is said besides, what hasn't changed."""
    beside = "-f map show" in case.call or ("map dump" in case.call and not case.call.endswith(", 1"))
    silent = "batch" in case.words or case.words in SILENT
    return case.words[0] == "run" or beside or silent


def test_no_answer_is_taken_for_another(lab: Lab) -> None:
    prepare(lab)
    plain = faults.each(lab, [Case(words) for words in VERBS])
    found = cases(plain)
    found = [*SURE, *random.Random(ROUNDS).sample(found, min(ROUNDS, len(found)))]
    bad = [
        f"{case}: {why}\n{ran.out[:400]}{ran.err[:400]}"
        for case, ran in zip(found, faults.each(lab, found), strict=True)
        if (why := wrong(case, ran, plain[VERBS.index(case.words)]))
    ]
    assert not bad, f"{len(bad)} of {len(found)}:\n" + "\n".join(bad)
