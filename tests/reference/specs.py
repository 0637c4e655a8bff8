"""Specs, as TOML gives them, and what user space may write into the maps of their programs."""

import json
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from hypothesis import strategies as st

from . import keys, packets
from .facts import LOWEST_ETHERTYPE

IFINDEX = 77
"""Of the interface beside lo on which frames arrive."""
QUEUES = 4
SHARED = ("hash", "array", "lru_hash")
PER_CPU = ("percpu_hash", "percpu_array", "lru_percpu_hash")
NUMBERS = {
    "cpu": (0, 1),
    "rx_queue": tuple(range(QUEUES)),
    "ifindex": (1, IFINDEX),
    "length": (14, 34, 54, 60, 64, 100, 127, 128, 1500),
    "ethertype": tuple(n for n in packets.ETHERTYPES if n >= LOWEST_ETHERTYPE),
    "vlan": packets.VLANS,
    "ip_proto": packets.PROTOCOLS,
    "src_port": packets.PORTS,
    "dst_port": packets.PORTS,
    "dscp": packets.DSCPS,
    "ttl": packets.TTLS,
}
PARTS = (*NUMBERS, "tcp_flags", "src_ip", "dst_ip", "src_mac", "dst_mac")
"""What rules may ask for; counters count by these too, alone and combined."""
POLICY_KEYS = tuple(key for key in PARTS if key not in ("cpu", "rx_queue", "ifindex", "length"))
FIELDS = ("packets", "bytes")
FIELDS_PER_CPU = (*FIELDS, "first_seen", "last_seen", "min_length", "max_length")
FLAGS = {
    "hash": "no_prealloc",
    "percpu_hash": "no_prealloc",
    "array": "mmapable",
    "lru_hash": "zero_seed",
    "lru_percpu_hash": "no_common_lru",
}

Strings = st.SearchStrategy[str]


def toml(spec: Mapping[str, Any]) -> str:
    plain = [f"{name} = {_inline(entry)}" for name, entry in spec.items() if not _is_table(entry)]
    for name, entry in spec.items():
        if _is_table(entry):
            head = f"[[{name}]]" if isinstance(entry, list) else f"[{name}]"
            for table in entry if isinstance(entry, list) else [entry]:
                plain += ["", head, *(f"{key} = {_inline(value)}" for key, value in table.items())]
    return "\n".join(plain) + "\n"


def _is_table(entry: object) -> bool:
    return isinstance(entry, dict) or (isinstance(entry, list) and isinstance(entry[0], dict))


def _inline(entry: object) -> str:
    if isinstance(entry, dict):
        return "{ " + ", ".join(f"{key} = {_inline(value)}" for key, value in entry.items()) + " }"
    return json.dumps(entry)


def _network(address: Any) -> Strings:
    lengths = [0, 8, 24, 32, *([48, 64, 127, 128] if address.version == 6 else [])]
    return st.sampled_from(lengths).map(lambda bits: str(ip_network((address, bits), strict=False)))


def _mac_prefix(mac: bytes) -> Strings:
    whole = int.from_bytes(mac, "big")
    return st.sampled_from((1, 15, 24, 47, 48)).map(
        lambda bits: f"{(whole >> 48 - bits << 48 - bits).to_bytes(6, 'big').hex(':')}/{bits}"
    )


def _flags(bits: int) -> str:
    return "|".join(flag for n, flag in enumerate(keys.TCP_FLAGS) if bits >> n & 1) or "0"


def _number(key: str) -> st.SearchStrategy[int | str]:
    one = st.sampled_from(NUMBERS[key])
    names = [name for number, name in keys.NAMES.get(key, {}).items() if number in NUMBERS[key]]
    ranges = st.tuples(one, one).map(lambda two: f"{min(two)}-{max(two)}") | one.map("{}-".format)
    return st.one_of(one, one.map(str), ranges, st.sampled_from(names) if names else ranges)


def _value(key: str) -> st.SearchStrategy[int | str]:
    if key.endswith("_ip"):
        addresses = st.sampled_from(packets.IPV4_ADDRESSES + packets.IPV6_ADDRESSES)
        return st.one_of(addresses.map(str), addresses.flatmap(_network))
    if key.endswith("_mac"):
        macs = st.sampled_from(packets.MACS)
        return st.one_of(macs.map(lambda mac: mac.hex(":")), macs.flatmap(_mac_prefix))
    if key == "tcp_flags":
        bits = st.sampled_from(packets.TCP_FLAGS)
        masked = st.tuples(bits, bits).map(lambda two: f"{_flags(two[0] & two[1])}/{_flags(two[1])}")
        return st.one_of(bits.map(_flags), masked)
    return _number(key)


def _condition(key: str) -> st.SearchStrategy[Any]:
    value = _value(key)
    if key in keys.NONE or key.endswith("_ip"):
        value = st.one_of(value, value, st.just("none"))
    return st.one_of(value, st.lists(value, min_size=1, max_size=3))


matches = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3, unique=True).flatmap(
    lambda parts: st.fixed_dictionaries({key: _condition(key) for key in parts})
)
verdicts = st.sampled_from(("pass", "drop", "aborted", "tx", "redirect"))
rules = st.fixed_dictionaries({"match": matches, "verdict": verdicts})
policies = st.fixed_dictionaries(
    {"map": st.just("policy"), "key": st.sampled_from(POLICY_KEYS)},
    optional={"default": verdicts, "max_entries": st.sampled_from((1, 8, 1024))},
)
redirects = st.fixed_dictionaries(
    {"map": st.just("tx_port"), "key": st.sampled_from(("total", "ifindex"))},
    optional={"fallback": st.sampled_from(("pass", "drop", "aborted", "tx"))},
)


def _keys_for(type_: str) -> st.SearchStrategy[keys.Keys]:
    single = ("total", "verdict", *PARTS)
    if "array" in type_:
        return st.sampled_from([key for key in single if not key.endswith(("_ip", "_mac"))])
    combined = st.lists(st.sampled_from(single[1:]), min_size=2, max_size=4, unique=True)
    return st.one_of(st.sampled_from((*single, "flow")), combined)


@st.composite
def counters(draw: st.DrawFn) -> dict[str, Any]:
    type_ = draw(st.sampled_from(SHARED + PER_CPU))
    fields = st.sampled_from(FIELDS_PER_CPU if type_ in PER_CPU else FIELDS)
    optional = {
        "fields": st.lists(fields, min_size=1, unique=True),
        "max_entries": st.sampled_from((1, 2, 3, 5, 8, 100, 3000)),
        **({"flags": st.just([FLAGS[type_]])} if type_ in FLAGS else {}),
    }
    key = draw(_keys_for(type_))
    if key in ("total", "verdict"):
        del optional["max_entries"]
    return {"type": type_, "key": key, **draw(st.fixed_dictionaries({}, optional=optional))}


messages = st.fixed_dictionaries({"printk": st.just("seen")}, optional={"printk_per_second": st.just(10)})


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    spec: dict[str, Any] = draw(st.fixed_dictionaries({}, optional={"frags": st.booleans()}))
    spec |= draw(st.one_of(st.just({}), st.just({}), messages))
    some = draw(st.lists(counters(), min_size=1, max_size=4))
    spec["counter"] = [{"map": f"c{n}", **counter} for n, counter in enumerate(some)]
    if some_rules := draw(st.lists(rules, max_size=4)):
        spec["rule"] = some_rules
    if draw(st.booleans()):
        spec["policy"] = draw(policies)
    if ("rule" in spec or "policy" in spec) and (undecided := draw(st.sampled_from((None, "pass", "drop")))):
        spec["undecided"] = undecided
    if "default" not in spec.get("policy", {}):
        spec["verdict"] = draw(verdicts)
    if _redirects(spec) or ("policy" in spec and draw(st.booleans())):
        spec["redirect"] = draw(redirects)
    return spec


def _redirects(spec: Mapping[str, Any]) -> bool:
    """Whether the spec itself does; user space may write such a verdict too."""
    said = [rule["verdict"] for rule in spec.get("rule", ())]
    return "redirect" in (*said, spec.get("verdict"), spec.get("policy", {}).get("default"))


POLICY_VERDICTS = (*range(5), 7, 0xFFFFFFFF)
"""The last two are none."""


def policy_entries(policy: Mapping[str, Any]) -> st.SearchStrategy[dict[bytes, int]]:
    """Keys and verdicts as they stand in the map."""
    found = _policy_keys(policy["key"])
    if policy["key"].endswith("_ip"):
        found = st.builds(prefix, found, st.sampled_from(PREFIXES))
    most = min(8, policy.get("max_entries", 8))
    return st.dictionaries(found, st.sampled_from(POLICY_VERDICTS), max_size=most)


def _policy_keys(key: str) -> st.SearchStrategy[bytes]:
    pools: dict[str, Sequence[keys.Value]] = {
        **NUMBERS,
        "tcp_flags": packets.TCP_FLAGS,
        **dict.fromkeys(("src_ip", "dst_ip"), packets.IPV4_ADDRESSES + packets.IPV6_ADDRESSES),
        **dict.fromkeys(("src_mac", "dst_mac"), packets.MACS),
    }
    none = () if key.endswith("_mac") else (None,)
    return st.sampled_from((*pools[key], *none)).map(lambda value: keys.memory(key, value))


PREFIXES = (0, 32, 40, 56, 63, 64, 80, 96, 159, 160)
"""Lengths, of which 32 bits are the version's."""


def prefix(address: bytes, bits: int) -> bytes:
    """A key of a trie: how many bits count, and these, the rest being zero."""
    ignored = len(address) * 8 - bits
    kept = int.from_bytes(address, "big") >> ignored << ignored
    return bits.to_bytes(4, "little") + kept.to_bytes(len(address), "big")
