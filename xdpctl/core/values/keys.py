"""What counters count by: each key's type in C, its values, and what their numbers are called."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from xdpctl.core.values import names


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
    Key.ETHERTYPE: Kind(
        c_type="ethertype_t", values=65536, none=0, names=names.ETHERTYPES, unseen="UNSEEN_ETHERTYPE"
    ),
    Key.VLAN: Kind("vlan_t", 4097, 4096, unseen="UNSEEN_VLAN"),
    Key.SRC_MAC: _MAC,
    Key.DST_MAC: _MAC,
    Key.IP_PROTO: Kind(
        c_type="ip_proto_t", values=257, none=256, names=names.IP_PROTOCOLS, unseen="UNSEEN_IP_PROTO"
    ),
    Key.SRC_IP: _ADDRESS,
    Key.DST_IP: _ADDRESS,
    Key.DSCP: Kind(c_type="dscp_t", values=65, none=64, names=names.DSCPS, unseen="UNSEEN_IP"),
    Key.TTL: Kind("ttl_t", 257, 256, unseen="UNSEEN_IP"),
    Key.SRC_PORT: _PORT,
    Key.DST_PORT: _PORT,
    Key.TCP_FLAGS: Kind("tcp_flags_t", 257, 256, unseen="UNSEEN_TCP_FLAGS"),
    Key.FLOW: Kind("struct flow"),
}
