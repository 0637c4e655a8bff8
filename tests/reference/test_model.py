"""The reference itself, on specs and frames of which the answer is known."""

import tomllib
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import keys
from .facts import facts
from .keys import Place
from .model import DROP, PASS, REDIRECT, TX, Count, Model, holds
from .packets import MACS, frames
from .specs import IFINDEX, specs, toml
from .test_facts import v4, v6

HERE = Place()


@pytest.mark.parametrize(
    ("key", "value", "memory", "shown"),
    [
        ("total", 0, "00000000", 0),
        ("verdict", 3, "03000000", "XDP_TX"),
        ("length", 6, "06000000", "64-127"),
        ("length", 0, "00000000", "0-1"),
        ("ethertype", 0x86DD, "dd860000", "ipv6"),
        ("ethertype", 0x88B5, "b5880000", "0x88b5"),
        ("ethertype", None, "00000000", "none"),
        ("vlan", None, "00100000", "none"),
        ("ip_proto", 200, "c8000000", 200),
        ("ip_proto", None, "00010000", "none"),
        ("dst_port", 443, "bb010000", 443),
        ("tcp_flags", 0x12, "12000000", "syn|ack"),
        ("tcp_flags", 0, "00000000", "0"),
        ("dscp", 46, "2e000000", "ef"),
        ("dscp", 63, "3f000000", 63),
        ("src_mac", MACS[1], "0200000000020000", "02:00:00:00:00:02"),
        ("src_ip", IPv4Address("10.0.0.1"), "040000000a000001" + "00" * 12, "10.0.0.1"),
        ("src_ip", IPv6Address("::ffff:a00:1"), "06000000" + "00" * 10 + "ffff0a000001", "::ffff:10.0.0.1"),
        ("src_ip", None, "00" * 20, "none"),
        (["ttl", "vlan"], (64, 5), "4000000005000000", {"ttl": 64, "vlan": 5}),
        (
            "flow",
            (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"), 80, 443, 6),
            "0a000001" + "0a000002" + "005001bb06000401",
            {"src_ip": "10.0.0.1", "dst_ip": "10.0.0.2", "src_port": 80, "dst_port": 443, "ip_proto": "tcp"},
        ),
        (
            "flow",
            (None, None, None, None, None),
            "00" * 12 + "00010000",
            dict.fromkeys(keys.FLOW, "none"),
        ),
    ],
)
def test_keys(key: keys.Keys, value: keys.Value, memory: str, shown: object) -> None:
    assert keys.memory(key, value).hex() == memory
    assert keys.shown(key, value) == shown


@pytest.mark.parametrize(
    ("key", "holding", "others"),
    [
        ("ip_proto", [6, "6", "tcp", "1-17", ["udp", "tcp"]], [7, "udp", "none", "7-255", []]),
        ("src_port", ["80", "0-80"], ["81-90", "none"]),
        ("src_ip", ["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0"], ["::/0", "10.0.0.2", "none", "a00:1::"]),
        ("src_mac", ["02:00:00:00:00:02", "02:00:00:00:00:00/24", "00:00:00:00:00:00/0"], [MACS[0].hex(":")]),
        (
            "tcp_flags",
            ["syn|ack", "syn/syn|rst", "0/rst"],
            ["syn", "syn|ack|rst", "syn/syn|ack", "0", "none"],
        ),
        ("vlan", ["none"], ["0", "0-4095"]),
        ("ethertype", ["ipv4", "0x800", 2048], ["arp", "none"]),
        ("dscp", ["ef", "46"], ["cs0"]),
        ("length", [54, "34-54"], ["55-100"]),
        ("cpu", [0], [1]),
        ("ifindex", [1], [2]),
    ],
)
def test_conditions(key: str, holding: list[object], others: list[object]) -> None:
    packet = facts(v4(tos=0xB8))
    assert [wanted for wanted in holding if not holds(key, wanted, packet, HERE)] == []
    assert [wanted for wanted in others if holds(key, wanted, packet, HERE)] == []


def verdict(spec: dict[str, Any], frame: bytes, place: Place = HERE, **maps: Any) -> int:
    return Model(spec, **maps).run(frame, place)[0]


def test_the_first_rule_that_matches_decides() -> None:
    rules = [
        {"match": {"ip_proto": "tcp", "dst_port": 80}, "verdict": "aborted"},
        {"match": {"ip_proto": "tcp"}, "verdict": "drop"},
        {"match": {"dst_port": 443}, "verdict": "tx"},
    ]
    assert verdict({"rule": rules}, v4()) == DROP
    assert verdict({"rule": rules}, v4(17)) == TX
    assert verdict({"rule": rules}, v4(1)) == PASS


def test_a_rule_that_cannot_be_decided_decides() -> None:
    """Not one that can't match whatever is unseen, and not one before which another matches."""
    spec = {"rule": [{"match": {"dst_port": 443, "ip_proto": "tcp"}, "verdict": "tx"}]}
    later, none = v4(fragment=1), {"rule": [{"match": {"dst_port": "none"}, "verdict": "tx"}]}
    assert verdict(spec, later) == PASS
    assert verdict(spec | {"undecided": "drop"}, v4()) == TX
    assert verdict(spec | {"undecided": "drop"}, later) == DROP
    assert verdict(spec | {"undecided": "drop"}, v4(17, fragment=1)) == PASS
    assert verdict(none, later) == TX
    assert verdict(none | {"undecided": "drop"}, later) == DROP
    assert verdict(none | {"undecided": "drop"}, v4(1)) == TX
    first = {"match": {"ip_proto": "tcp"}, "verdict": "aborted"}
    assert verdict({"rule": [first, *spec["rule"]], "undecided": "drop"}, later) == 0
    policy = {"policy": {"map": "policy", "key": "dst_port", "default": "aborted"}, "undecided": "pass"}
    assert verdict(policy, later) == PASS
    assert verdict(policy, v4(1)) == 0


def test_the_longest_prefix_decides_even_where_it_holds_nonsense() -> None:
    def prefix(bits: int, address: str) -> bytes:
        return bits.to_bytes(4, "little") + keys.memory("src_ip", ip_address(address))

    spec = {"verdict": "pass", "policy": {"map": "policy", "key": "src_ip", "default": "aborted"}}
    entries = {prefix(40, "10.0.0.0"): DROP, prefix(32, "::"): TX}
    assert verdict(spec, v4(), policy=entries) == DROP
    assert verdict(spec, v6(), policy=entries) == TX
    assert verdict(spec, v4(), policy=entries | {prefix(64, "10.0.0.1"): 7}) == 0
    assert verdict(spec, v4(), policy={prefix(0, "::"): REDIRECT}) == 0


def test_redirect_falls_back_and_tx_swaps() -> None:
    spec = {"verdict": "redirect", "redirect": {"map": "tx_port", "key": "ifindex", "fallback": "tx"}}
    assert verdict(spec, v4(), Place(ifindex=IFINDEX), ports={IFINDEX: 1}) == REDIRECT
    assert Model(spec, ports={IFINDEX: 1}).run(v4(), HERE) == (TX, MACS[1] + MACS[0] + v4()[12:])


def test_what_finds_no_place() -> None:
    counters = [
        {"key": "dst_port", "max_entries": 1},
        {"key": "dst_port", "max_entries": 444, "type": "array"},
        {"key": "dst_port", "max_entries": 1, "type": "lru_hash"},
    ]
    model = Model({"counter": counters})
    for protocol in (6, 1, 6):
        model.run(v4(protocol), HERE)
    tcp, icmp = Count(2, 108, 54, 54), Count(1, 54, 54, 54)
    assert [c.entries for c in model.counters] == [{443: tcp}, {443: tcp}, {443: tcp, None: icmp}]
    assert [c.lost for c in model.counters] == [icmp, icmp, Count()]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(specs(), st.lists(frames(), max_size=10))
def test_every_packet_is_somewhere(spec: dict[str, Any], some: list[bytes]) -> None:
    assert tomllib.loads(toml(spec)) == spec
    model = Model(spec)
    for frame in some:
        model.run(frame, HERE)
    for counter in model.counters:
        assert counter.total.packets == len(some)
        assert sum(c.packets for c in counter.entries.values()) + counter.lost.packets == len(some)
