"""Each mistake in a spec names its entry, and the nearest right word."""

from typing import Any

import pytest

from xdpctl.core.spec.check import SpecError
from xdpctl.core.spec.parse import parse


@pytest.mark.parametrize(
    ("raw", "path", "says", "hint"),
    [
        ({"programm": "x"}, ("programm",), "unknown entry 'programm'", "did you mean 'program'?"),
        (
            {"counter": [{"typ": "hash"}]},
            ("counter", 0, "typ"),
            "unknown entry 'typ'",
            "did you mean 'type'?",
        ),
        (
            {"counter": [{"type": "percpu"}]},
            ("counter", 0, "type"),
            "type can't be 'percpu'",
            "did you mean 'percpu_hash' or 'percpu_array'?",
        ),
        (
            {"counter": [{"type": "lru"}]},
            ("counter", 0, "type"),
            "type can't be 'lru'",
            "known: hash, array, percpu_hash, percpu_array",
        ),
        ({"counter": [{"key": "verdicts"}]}, ("counter", 0, "key"), "can't be", "did you mean 'verdict'?"),
        (
            {"counter": [{"fields": ["packets", "byte"]}]},
            ("counter", 0, "fields"),
            "fields can't be 'byte'",
            "did you mean 'bytes'?",
        ),
        ({"counter": [{"fields": []}]}, ("counter", 0, "fields"), "at least one", "known: packets, bytes"),
        ({"counter": [{"fields": ["bytes"] * 2}]}, ("counter", 0, "fields"), "'bytes' twice", ""),
        ({"verdict": "DROP"}, ("verdict",), "verdict can't be 'DROP'", "did you mean 'drop'?"),
        (
            {"counter": [{"flags": ["noprealloc"]}]},
            ("counter", 0, "flags"),
            "",
            "did you mean 'no_prealloc'?",
        ),
        (
            {"counter": [{"type": "array", "flags": ["no_prealloc"]}]},
            ("counter", 0, "flags"),
            "flag 'no_prealloc' doesn't suit a map of type 'array'",
            "it suits: hash, percpu_hash",
        ),
        (
            {"program": "xdp_count_packets"},
            ("program",),
            "has 17 characters, the kernel keeps 15",
            "shorten it",
        ),
        ({"program": "int"}, ("program",), "already has a meaning in C", "rename it"),
        ({"program": "2fast"}, ("program",), "'2fast' is no C identifier", "don't begin with a digit"),
        ({"program": "pkt_cnt"}, ("counter", 0, "map"), "both called 'pkt_cnt'", "rename one"),
        ({"printk": "two\nlines"}, ("printk",), "one line of printable ASCII", ""),
        ({"printk": "naïve"}, ("printk",), "one line of printable ASCII", ""),
        ({"program": 7}, ("program",), "program: expected a string, got a whole number", ""),
        (
            {"counter": [{"max_entries": "7"}]},
            ("counter", 0, "max_entries"),
            "max_entries: expected a whole number, got a string",
            "",
        ),
        (
            {"counter": [{"max_entries": 0}]},
            ("counter", 0, "max_entries"),
            "max_entries 0 is too small",
            "leave it out",
        ),
        (
            {"counter": [{"key": "verdict", "max_entries": 4}]},
            ("counter", 0, "max_entries"),
            "max_entries 4 is too small: key 'verdict' has 5 values",
            "leave it out",
        ),
        ({"counter": [{"max_entries": 2**20 + 1}]}, ("counter", 0, "max_entries"), "is more than", ""),
        ({"counter": {"map": "m"}}, ("counter",), "counter is a table of its own", "[[counter]]"),
        ({"counter": [{}, {}]}, ("counter", 1, "map"), "two maps are called 'pkt_cnt'", "rename one"),
        (
            {"counter": [{"type": "array", "key": "src_ip"}]},
            ("counter", 0, "key"),
            "a map of type 'array' can't have the key 'src_ip'",
            "use type = 'hash', or one of the keys total, verdict",
        ),
        (
            {"counter": [{"type": "percpu_array", "key": "flow"}]},
            ("counter", 0, "key"),
            "a map of type 'percpu_array' can't have the key 'flow'",
            "use type = 'percpu_hash'",
        ),
        (
            {"counter": [{"type": "array", "key": ["ip_proto", "ttl"]}]},
            ("counter", 0, "key"),
            "can't have the key of several parts",
            "use type = 'hash'",
        ),
        ({"counter": [{"key": ["ttl", "total"]}]}, ("counter", 0, "key"), "all packets have the same", ""),
        ({"counter": [{"key": ["flow", "ttl"]}]}, ("counter", 0, "key"), "made of parts itself", ""),
        ({"counter": [{"key": []}]}, ("counter", 0, "key"), "at least one key", "known: total, verdict"),
        ({"counter": [{"key": "ttl,dscp"}]}, ("counter", 0, "key"), "can't be", "several words as a list"),
        ({"counter": [{"type": "lpm_trie"}]}, ("counter", 0, "type"), "can't be 'lpm_trie'", "[policy]"),
        ({"counter": [{"type": "devmap"}]}, ("counter", 0, "type"), "can't be 'devmap'", "[redirect]"),
        (
            {"counter": [{"type": "lru_hash", "fields": ["last_seen"]}]},
            ("counter", 0, "fields"),
            "field 'last_seen' doesn't suit a map of type 'lru_hash', whose values all CPUs share",
            "it suits: percpu_hash, percpu_array, lru_percpu_hash",
        ),
        (
            {"counter": [{"type": "lru_hash", "map": "twelve_chars"}]},
            ("counter", 0, "map"),
            "all packets are counted in another map, 'twelve_chars_all'",
            "shorten it to 11: 'twelve_char'",
        ),
        (
            {"counter": [{"key": "flow", "map": "fifteen_letters"}]},
            ("counter", 0, "map"),
            "flows over IPv6 are counted in another map, 'fifteen_letters6'",
            "shorten it to 14: 'fifteen_letter'",
        ),
        ({"counter": [{"key": "flow"}, {"map": "pkt_cnt6"}]}, ("counter", 1, "map"), "two maps", "rename"),
        (
            {"program": "xdp_allow", "counter": [{"map": "xdp_allo_rodata"}]},
            ("counter", 0, "map"),
            "pin of global variables and map are both called 'xdp_allo_rodata'",
            "rename one",
        ),
        ({"counter": [{"map": "policy"}], "policy": {}}, ("policy", "map"), "two maps", "rename one"),
        (
            {"counter": [{"map": "p_lost"}, {"map": "p", "key": "src_ip"}]},
            ("counter", 1, "map"),
            "map and variable are both called 'p_lost'",
            "rename one",
        ),
        (
            {"counter": [{"map": f"m{n}"} for n in range(9)]},
            ("counter", 8),
            "at most 8 [[counter]], this spec has 9",
            "",
        ),
        (
            {"rule": [{"match": {"ttl": 1}, "verdict": "drop"}] * 65},
            ("rule", 64),
            "at most 64 [[rule]], this spec has 65",
            "",
        ),
        ({"counter": []}, ("counter",), "at least one [[counter]]", ""),
        ({"verdict": "redirect"}, ("verdict",), "redirect needs a map of devices", "[redirect]"),
        ({"policy": {"default": "redirect"}}, ("policy", "default"), "needs a map of devices", "[redirect]"),
        (
            {"rule": [{"match": {"ttl": 1}, "verdict": "redirect"}]},
            ("rule", 0, "verdict"),
            "redirect needs a map of devices",
            "[redirect]",
        ),
        ({"redirect": {}}, ("redirect",), "no verdict is redirect", ""),
        ({"undecided": "drop"}, ("undecided",), "neither a rule nor a policy to be decided", "leave it out"),
        ({"policy": {}, "undecided": "tx"}, ("undecided",), "undecided can't be 'tx'", "known: pass, drop"),
        (
            {"redirect": {"fallback": "redirect"}},
            ("redirect", "fallback"),
            "can't be 'redirect'",
            "known: pass",
        ),
        (
            {"verdict": "drop", "policy": {"default": "pass"}},
            ("policy", "default"),
            "verdict says 'drop' and the policy's default says 'pass'",
            "give one of them",
        ),
        ({"policy": {"key": "length"}}, ("policy", "key"), "key can't be 'length'", "known: ethertype, vlan"),
        ({"policy": {"max_entries": 0}}, ("policy", "max_entries"), "a number from 1 to 1048576", ""),
        ({"policy": [{}]}, ("policy",), "policy is a table of its own", "[policy]"),
        ({"rule": [{"verdict": "drop"}]}, ("rule", 0), "a rule says what it matches", "like match = {"),
        (
            {"rule": [{"match": {}, "verdict": "drop"}]},
            ("rule", 0, "match"),
            "a rule says what it matches",
            "like match = {",
        ),
        ({"rule": [{"match": {"ttl": 1}}]}, ("rule", 0), "a rule has a verdict", "one of: aborted, drop"),
        (
            {"rule": [{"match": {"ttl": 1}, "verdict": "dorp"}]},
            ("rule", 0, "verdict"),
            "verdict can't be 'dorp'",
            "did you mean 'drop'?",
        ),
        (
            {"rule": [{"match": {"flow": "x"}, "verdict": "drop"}]},
            ("rule", 0, "match", "flow"),
            "a rule can't match 'flow'",
            "match its parts: src_ip, dst_ip",
        ),
        (
            {"rule": [{"match": {"dst_prt": 1}, "verdict": "drop"}]},
            ("rule", 0, "match", "dst_prt"),
            "a rule can't match 'dst_prt'",
            "did you mean 'dst_port'?",
        ),
        (
            {"rule": [{"match": {"ttl": 1, "dst_port": 65536}, "verdict": "drop"}]},
            ("rule", 0, "match", "dst_port"),
            "dst_port can't be 65536: it is a number from 0 to 65535",
            "",
        ),
        *(
            ({"program": name}, ("program",), f"{name!r} already has a meaning in C", "rename it")
            for name in ("packet", "verdict", "now", "MAXTTL", "IPTOS_TOS", "s6_addr", "MAX_OFFSET", "va_end")
        ),
        (
            {"rule": [{"match": {"dst_port": [*range(600)]}, "verdict": "drop"}] * 2},
            ("rule", 1, "match"),
            "1200 values to compare with, at most 1024",
            "a [policy] has room for many more",
        ),
        (
            {"redirect": {"max_entries": False}},
            ("redirect", "max_entries"),
            "expected a whole number, got true or false",
            "",
        ),
        ({"redirect": {"max_entries": 0}}, ("redirect", "max_entries"), "from 1 to 1048576", ""),
        ({"printk_per_second": 1}, ("printk_per_second",), "there is no message to print", "printk ="),
        (
            {"printk": "seen", "printk_per_second": -1},
            ("printk_per_second",),
            "printk_per_second is a number from 1 to 1000000",
            "",
        ),
    ],
)
def test_an_error_names_the_entry_and_the_nearest_right_word(
    raw: dict[str, Any], path: tuple[str | int, ...], says: str, hint: str
) -> None:
    with pytest.raises(SpecError) as caught:
        parse(raw)
    assert caught.value.path == path
    assert says in caught.value.message
    assert hint in "\n".join(caught.value.hints)
    assert bool(hint) == bool(caught.value.hints)
