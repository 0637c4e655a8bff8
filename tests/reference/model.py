"""What a generated program must do and count, in plain Python, from a spec as TOML gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from . import keys
from .facts import Facts, facts
from .keys import Keys, Place, Value

Raw = Mapping[str, Any]
"""A spec, or a table of it."""

ABORTED, DROP, PASS, TX, REDIRECT = range(5)
VALUES = {
    "total": 1,
    "verdict": 5,
    "length": 32,
    "ethertype": 65536,
    "vlan": 4097,
    "ip_proto": 257,
    "tcp_flags": 257,
    "dscp": 65,
    "ttl": 257,
    "src_port": 65537,
    "dst_port": 65537,
}
"""How many values a key has, where that is known."""
ENTRIES = 1024
"""So many has a map where nothing says better."""
WHOLE_ADDRESS = 160
"""Bits: those of the version, then those of the address."""


@dataclass
class Count:
    packets: int = 0
    bytes: int = 0
    min_length: int = 0
    max_length: int = 0

    def add(self, length: int) -> None:
        self.min_length = min(self.min_length, length) if self.packets else length
        self.max_length = max(self.max_length, length)
        self.packets += 1
        self.bytes += length


@dataclass
class Counter:
    """What the map of one counter holds; an LRU's as if it never forgot."""

    key: Keys
    type: str
    capacity: int
    entries: dict[Value, Count] = field(default_factory=dict)
    lost: Count = field(default_factory=Count)
    total: Count = field(default_factory=Count)

    @classmethod
    def of(cls, raw: Raw) -> "Counter":
        key, type_ = raw.get("key", "total"), raw.get("type", "hash")
        known = VALUES.get(key, ENTRIES) if isinstance(key, str) else ENTRIES
        return cls(key, type_, raw.get("max_entries", ENTRIES if "lru" in type_ else known))

    def count(self, value: Value, length: int) -> None:
        self.total.add(length)
        if self._has_room_for(value):
            self.entries.setdefault(value, Count()).add(length)
        else:
            self.lost.add(length)

    def _has_room_for(self, value: Value) -> bool:
        if "array" in self.type:
            assert isinstance(self.key, str)
            return int.from_bytes(keys.memory(self.key, value), "little") < self.capacity
        beside = [v for v in self.entries if self.key != "flow" or keys.is_ipv6(v) == keys.is_ipv6(value)]
        return "lru" in self.type or value in self.entries or len(beside) < self.capacity


@dataclass
class Model:
    """A loaded program: `policy` and `ports` are what user space wrote into its maps."""

    spec: Raw
    policy: Mapping[bytes, int] = field(default_factory=dict)
    ports: Mapping[int, int] = field(default_factory=dict)
    counters: list[Counter] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counters = [Counter.of(raw) for raw in self.spec.get("counter", [{}])]

    def run(self, frame: bytes, place: Place) -> tuple[int, bytes]:
        """Counts a frame; returns the verdict, and the frame as it leaves."""
        packet = facts(frame)
        verdict = self._redirected(self._verdict(packet, place), place)
        for counter in self.counters:
            counter.count(keys.value(counter.key, packet, place, verdict), packet.length)
        return verdict, packet.src_mac + packet.dst_mac + frame[12:] if verdict == TX else frame

    def _verdict(self, packet: Facts, place: Place) -> int:
        undecided = self.spec.get("undecided")
        unseen = packet.unseen if undecided else frozenset()
        for rule in self.spec.get("rule", []):
            match = rule["match"]
            if all(key in unseen or holds(key, wanted, packet, place) for key, wanted in match.items()):
                return keys.VERDICTS.index(undecided if unseen & match.keys() else rule["verdict"])
        default = self.spec.get("verdict", "pass")
        if "policy" in self.spec:
            if self.spec["policy"]["key"] in unseen:
                return keys.VERDICTS.index(undecided)
            found = self._policy(packet, place)
            if found is not None and found <= (REDIRECT if "redirect" in self.spec else TX):
                return found
            default = self.spec["policy"].get("default", default)
        return keys.VERDICTS.index(default)

    def _policy(self, packet: Facts, place: Place) -> int | None:
        key = self.spec["policy"]["key"]
        wanted = keys.memory(key, keys.fact(key, packet, place))
        if not key.endswith("_ip"):
            return self.policy.get(wanted)
        prefixes = [prefix for prefix in self.policy if _starts(wanted, prefix)]
        return self.policy[max(prefixes, key=_bits)] if prefixes else None

    def _redirected(self, verdict: int, place: Place) -> int:
        if verdict != REDIRECT:
            return verdict
        redirect = self.spec["redirect"]
        slot = place.ifindex if redirect.get("key", "total") == "ifindex" else 0
        return REDIRECT if slot in self.ports else keys.VERDICTS.index(redirect.get("fallback", "pass"))


def _bits(prefix: bytes) -> int:
    """How many bits of an address count, the first four bytes say."""
    return int.from_bytes(prefix[:4], "little")


def _starts(address: bytes, prefix: bytes) -> bool:
    ignored = WHOLE_ADDRESS - _bits(prefix)
    return int.from_bytes(address, "big") >> ignored == int.from_bytes(prefix[4:], "big") >> ignored


def holds(key: str, wanted: object, packet: Facts, place: Place) -> bool:
    """Whether a condition of a rule does."""
    found = keys.fact(key, packet, place)
    return any(_equal(key, str(one), found) for one in (wanted if isinstance(wanted, list) else [wanted]))


def _equal(key: str, wanted: str, found: Value) -> bool:
    if found is None or wanted == "none":
        return found is None and wanted == "none"
    if key.endswith("_ip"):
        return found in ip_network(wanted)
    if isinstance(found, bytes):
        mac, _, bits = wanted.partition("/")
        ignored = 48 - int(bits or 48)
        return int(mac.replace(":", ""), 16) >> ignored == int.from_bytes(found, "big") >> ignored
    assert isinstance(found, int)
    if key == "tcp_flags":
        flags, _, among = wanted.partition("/")
        return found & (_flags(among) if among else 255) == _flags(flags)
    first, dash, last = wanted.partition("-")
    return _number(key, first) <= found and (found <= _number(key, last or first) or dash + last == "-")


def _flags(words: str) -> int:
    return 0 if words == "0" else sum(1 << keys.TCP_FLAGS.index(word) for word in words.split("|"))


def _number(key: str, word: str) -> int:
    numbers = {name: number for number, name in keys.NAMES.get(key, {}).items()}
    return numbers[word] if word in numbers else int(word, 0)
