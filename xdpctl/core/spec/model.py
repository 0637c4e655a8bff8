"""What a counter program does: the checked form of what users write."""

from enum import StrEnum

import msgspec
from msgspec import Struct

from xdpctl.core.spec.condition import Condition
from xdpctl.core.spec.words import Field, Flag, MapType, Verdict
from xdpctl.core.values.keys import Key


class Counter(Struct, frozen=True):
    map: str = "pkt_cnt"
    type: MapType = MapType.HASH
    key: tuple[Key, ...] = (Key.TOTAL,)
    """Several make one key together."""
    fields: tuple[Field, ...] = (Field.PACKETS,)
    max_entries: int = 0
    """Zero means: as many as the key has values. A checked spec has the number."""
    flags: tuple[Flag, ...] = ()

    @property
    def keys(self) -> int | None:
        """How many different keys a program can meet, if that can be said."""
        return self.key[0].kind.values if len(self.key) == 1 else None

    @property
    def can_lose(self) -> bool:
        """Whether a packet may find no place in the map; a map of type LRU makes place."""
        unsure = self.keys is None or self.keys > self.max_entries or Flag.NO_PREALLOC in self.flags
        return unsure and not self.type.lru

    @property
    def lost(self) -> tuple[str, ...]:
        """The variables that count what found no place."""
        if not self.can_lose:
            return ()
        return (f"{self.map}_lost", *([f"{self.map}_lost_bytes"] if Field.BYTES in self.fields else []))

    @property
    def total_map(self) -> str:
        """The map that counts all packets beside one that forgets some."""
        return f"{self.map}_all" if self.type.lru else ""

    @property
    def ipv6_map(self) -> str:
        """The map beside one of flows that holds those over IPv6, whose keys are longer."""
        return f"{self.map}6" if self.key == (Key.FLOW,) else ""

    @property
    def sums(self) -> tuple[Field, ...]:
        """What is counted of all packets, beside a map that forgets some."""
        return (Field.PACKETS, *([Field.BYTES] if Field.BYTES in self.fields else []))


class Rule(Struct, frozen=True):
    match: tuple[Condition, ...]
    """All of them have to hold."""
    verdict: Verdict


class Policy(Struct, frozen=True):
    """Verdicts that user space writes while the program runs."""

    map: str = "policy"
    key: Key = Key.SRC_IP
    default: Verdict | None = None
    """Of packets that the map doesn't speak of. A checked spec has one."""
    max_entries: int = 1024

    @property
    def by_prefix(self) -> bool:
        return self.key in (Key.SRC_IP, Key.DST_IP)


class Slot(StrEnum):
    """Which entry of the devmap a packet goes through."""

    TOTAL = "total"
    IFINDEX = "ifindex"


class Redirect(Struct, frozen=True):
    """Devices that packets are sent out of, which user space fills in."""

    map: str = "tx_port"
    key: Slot = Slot.TOTAL
    fallback: Verdict = Verdict.PASS
    """Where no device is filled in."""
    max_entries: int | None = None
    """One, or enough for interfaces with small numbers. A checked spec has the number."""


class BuildFlags(Struct, frozen=True):
    """What clang is told, besides how BPF is compiled."""

    include: tuple[str, ...] = ()
    """Directories of headers; relative ones as seen from where the spec is, or the user stands."""
    define: tuple[str, ...] = ()
    """Macros, as NAME or NAME=VALUE."""


class Spec(Struct, frozen=True):
    program: str = "xdp_allow"
    verdict: Verdict = Verdict.PASS
    undecided: Verdict | None = None
    """What happens where a rule or the policy asks for what can't be seen; None takes it for absent."""
    printk: str = ""
    printk_per_second: int = 0
    """At most so many messages; zero for one with every packet."""
    frags: bool = False
    counters: tuple[Counter, ...] = msgspec.field(default=(Counter(),), name="counter")
    rules: tuple[Rule, ...] = msgspec.field(default=(), name="rule")
    policy: Policy | None = None
    redirect: Redirect | None = None
    build: BuildFlags = BuildFlags()

    @property
    def default(self) -> Verdict:
        """What happens to packets of which neither a rule nor the policy map speaks."""
        return self.policy.default if self.policy and self.policy.default else self.verdict

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All that can happen to a packet; user space may write any verdict that can be carried out."""
        named = {self.default, *(rule.verdict for rule in self.rules)}
        if self.policy:
            named |= set(Verdict) - {Verdict.REDIRECT}
        if self.redirect and (self.policy or Verdict.REDIRECT in named):
            named |= {Verdict.REDIRECT, self.redirect.fallback}
        if self.undecided:
            named.add(self.undecided)
        return tuple(verdict for verdict in Verdict if verdict in named)

    @property
    def maps(self) -> tuple[str, ...]:
        """All maps that are pinned beside the program."""
        counters = [name for c in self.counters for name in (c.map, c.ipv6_map, c.total_map) if name]
        return (*counters, *(part.map for part in (self.policy, self.redirect) if part))
