"""The words of a spec, and what each of them implies."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from xdpctl.core import names


class MapType(StrEnum):
    HASH = "hash"
    ARRAY = "array"
    PERCPU_HASH = "percpu_hash"
    PERCPU_ARRAY = "percpu_array"
    LRU_HASH = "lru_hash"
    LRU_PERCPU_HASH = "lru_percpu_hash"

    @property
    def per_cpu(self) -> bool:
        return "percpu" in self

    @property
    def hashed(self) -> bool:
        """Its elements come into being one by one; an array has them all from the start."""
        return self not in (MapType.ARRAY, MapType.PERCPU_ARRAY)

    @property
    def lru(self) -> bool:
        """Forgets the elements that were least recently used when it needs room."""
        return "lru" in self


class Flag(StrEnum):
    NO_PREALLOC = "no_prealloc"
    ZERO_SEED = "zero_seed"
    MMAPABLE = "mmapable"
    NO_COMMON_LRU = "no_common_lru"

    @property
    def suits(self) -> tuple[MapType, ...]:
        """The map types for which the kernel takes this flag."""
        return {
            Flag.NO_PREALLOC: (MapType.HASH, MapType.PERCPU_HASH),
            Flag.ZERO_SEED: tuple(type_ for type_ in MapType if type_.hashed),
            Flag.MMAPABLE: (MapType.ARRAY,),
            Flag.NO_COMMON_LRU: (MapType.LRU_HASH, MapType.LRU_PERCPU_HASH),
        }[self]


class Verdict(StrEnum):
    ABORTED = "aborted"
    DROP = "drop"
    PASS = "pass"
    TX = "tx"
    REDIRECT = "redirect"


class Key(StrEnum):
    TOTAL = "total"
    VERDICT = "verdict"
    CPU = "cpu"
    RX_QUEUE = "rx_queue"
    IFINDEX = "ifindex"
    LENGTH = "length"
    ETHERTYPE = "ethertype"
    VLAN = "vlan"
    SRC_MAC = "src_mac"
    DST_MAC = "dst_mac"
    IP_PROTO = "ip_proto"
    SRC_IP = "src_ip"
    DST_IP = "dst_ip"
    DSCP = "dscp"
    TTL = "ttl"
    SRC_PORT = "src_port"
    DST_PORT = "dst_port"
    TCP_FLAGS = "tcp_flags"
    FLOW = "flow"

    @property
    def kind(self) -> "Kind":
        return KINDS[self]


class Kind(Struct, frozen=True):
    """What a key is in C, and which values it can have."""

    c_type: str
    values: int | None = None
    """How many there are, counted from 0; None where that can't be said, or isn't a number."""
    none: int | None = None
    """Its value where a packet lacks the thing: one that no packet can have."""
    names: Mapping[str, int] = {}
    about: str = ""
    """Beside its type, in a program that declares it itself."""
    unseen: str = ""
    """The bit in C that tells that it couldn't be seen; none for what every packet shows."""

    @property
    def is_number(self) -> bool:
        """Numbers can be keys of arrays."""
        return not self.c_type.startswith("struct")

    @property
    def no(self) -> str:
        """The name of `none` in C."""
        return f"NO_{self.c_type.removesuffix('_t').upper()}"


_PORT = Kind("port_t", 65537, 65536, unseen="UNSEEN_PORTS")
_ADDRESS = Kind("struct ip_addr", unseen="UNSEEN_IP")
_MAC = Kind("struct mac_addr")

KINDS: dict[Key, Kind] = {
    Key.TOTAL: Kind("__u32", 1),
    Key.VERDICT: Kind("xdp_action_t", 5),
    Key.CPU: Kind("cpu_t", about="a CPU's number"),
    Key.RX_QUEUE: Kind("rx_queue_t", about="a receive queue's number"),
    Key.IFINDEX: Kind("ifindex_t", about="an interface's index"),
    Key.LENGTH: Kind("log2_t", 32, about="n stands for 2^n to 2^(n+1) - 1 bytes"),
    Key.ETHERTYPE: Kind("ethertype_t", 65536, 0, names.ETHERTYPES, unseen="UNSEEN_ETHERTYPE"),
    Key.VLAN: Kind("vlan_t", 4097, 4096, unseen="UNSEEN_VLAN"),
    Key.SRC_MAC: _MAC,
    Key.DST_MAC: _MAC,
    Key.IP_PROTO: Kind("ip_proto_t", 257, 256, names.IP_PROTOCOLS, unseen="UNSEEN_IP_PROTO"),
    Key.SRC_IP: _ADDRESS,
    Key.DST_IP: _ADDRESS,
    Key.DSCP: Kind("dscp_t", 65, 64, names.DSCPS, unseen="UNSEEN_IP"),
    Key.TTL: Kind("ttl_t", 257, 256, unseen="UNSEEN_IP"),
    Key.SRC_PORT: _PORT,
    Key.DST_PORT: _PORT,
    Key.TCP_FLAGS: Kind("tcp_flags_t", 257, 256, unseen="UNSEEN_TCP_FLAGS"),
    Key.FLOW: Kind("struct flow"),
}


class Field(StrEnum):
    PACKETS = "packets"
    BYTES = "bytes"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"
    MIN_LENGTH = "min_length"
    MAX_LENGTH = "max_length"

    @property
    def c_type(self) -> str:
        return {
            Field.FIRST_SEEN: "time_first_t",
            Field.LAST_SEEN: "time_last_t",
            Field.MIN_LENGTH: "length_min_t",
            Field.MAX_LENGTH: "length_max_t",
        }.get(self, "__u64")

    @property
    def is_sum(self) -> bool:
        """Can be added to by several CPUs at once, and lose nothing."""
        return self in (Field.PACKETS, Field.BYTES)

    @property
    def is_time(self) -> bool:
        return self in (Field.FIRST_SEEN, Field.LAST_SEEN)

    @property
    def of_one_packet(self) -> str:
        """In C, what a first packet brings."""
        return "1" if self is Field.PACKETS else "now" if self.is_time else "length"
