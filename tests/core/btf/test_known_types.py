"""Keys and values by the meaning that the names of their types have."""

import struct

import pytest

from xdpctl.core.btf import known_types
from xdpctl.core.btf.columns import one
from xdpctl.core.btf.known_types import MERGERS, OF_STRUCTS, OF_TYPEDEFS, time_since_boot
from xdpctl.core.btf.types import BtfType, Types
from xdpctl.core.spec.words import Field
from xdpctl.core.values.keys import KINDS

V6 = bytes.fromhex("20010db8") + bytes(11) + b"\1"


def u32(number: int) -> bytes:
    return struct.pack("=I", number)


@pytest.mark.parametrize(
    ("name", "number", "shown"),
    [
        ("ip_proto_t", 6, "tcp"),
        ("ip_proto_t", 58, "icmpv6"),
        ("ip_proto_t", 200, 200),
        ("ip_proto_t", 256, "none"),
        ("ethertype_t", 0x800, "ipv4"),
        ("ethertype_t", 0x88B5, "0x88b5"),
        ("ethertype_t", 0, "none"),
        ("port_t", 443, 443),
        ("port_t", 0, 0),
        ("port_t", 65536, "none"),
        ("vlan_t", 0, 0),
        ("vlan_t", 4096, "none"),
        ("dscp_t", 46, "ef"),
        ("dscp_t", 0, "cs0"),
        ("dscp_t", 3, 3),
        ("dscp_t", 64, "none"),
        ("ttl_t", 64, 64),
        ("ttl_t", 256, "none"),
        ("tcp_flags_t", 0x12, "syn|ack"),
        ("tcp_flags_t", 0xFF, "fin|syn|rst|psh|ack|urg|ece|cwr"),
        ("tcp_flags_t", 0, "0"),
        ("tcp_flags_t", 256, "none"),
        ("tcp_flags_t", 257, 257),
        ("log2_t", 0, "0-1"),
        ("log2_t", 6, "64-127"),
        ("log2_t", 31, "2147483648-4294967295"),
        ("xdp_action_t", 2, "XDP_PASS"),
        ("xdp_action_t", 7, 7),
    ],
)
def test_numbers(name: str, number: int, shown: object) -> None:
    assert OF_TYPEDEFS[name](u32(number)) == shown


def of_struct(name: str, data: bytes) -> object:
    [read] = [read for (called, _), read in OF_STRUCTS.items() if called == name]
    return read(data)


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("ip_addr", u32(4) + bytes([10, 0, 0, 1]) + bytes(12), "10.0.0.1"),
        ("ip_addr", u32(6) + V6, "2001:db8::1"),
        ("ip_addr", bytes(20), "none"),
        ("ip_addr", u32(9) + bytes(16), "0x" + 32 * "0"),
        ("mac_addr", bytes.fromhex("0200000000ff0000"), "02:00:00:00:00:ff"),
        ("ip_prefix", u32(40) + u32(4) + bytes([10]) + bytes(15), "10.0.0.0/8"),
        ("ip_prefix", u32(32 + 64) + u32(6) + V6[:8] + bytes(8), "2001:db8::/64"),
        ("ip_prefix", u32(32) + bytes(20), "none"),
        ("ip_prefix", bytes(24), "any"),
        (
            "flow",
            bytes([10, 0, 0, 1, 10, 0, 0, 2]) + struct.pack("!HH", 1000, 53) + struct.pack("=HBB", 17, 4, 1),
            {"src_ip": "10.0.0.1", "dst_ip": "10.0.0.2", "src_port": 1000, "dst_port": 53, "ip_proto": "udp"},
        ),
        (
            "flow",
            bytes(12) + struct.pack("=HBB", 256, 0, 0),
            dict.fromkeys(("src_ip", "dst_ip", "src_port", "dst_port", "ip_proto"), "none"),
        ),
        (
            "flow6",
            V6 + bytes(16) + bytes(4) + struct.pack("=HBB", 58, 6, 0),
            {
                "src_ip": "2001:db8::1",
                "dst_ip": "::",
                "src_port": "none",
                "dst_port": "none",
                "ip_proto": "icmpv6",
            },
        ),
    ],
)
def test_structs(name: str, data: bytes, shown: object) -> None:
    assert of_struct(name, data) == shown


def test_times_are_of_the_day() -> None:
    read = time_since_boot(1_700_000_000_000_000_000)
    assert read(struct.pack("=Q", 1_234_567_890)) == "2023-11-14T22:13:21.234Z"
    assert read(bytes(8)) is None, "never"


@pytest.mark.parametrize(
    ("name", "of_cpus", "merged"),
    [
        ("time_first_t", [None, "2023-11-14T22:13:21Z", "2023-11-14T22:13:20Z"], "2023-11-14T22:13:20Z"),
        ("time_last_t", ["2023-11-14T22:13:21Z", None, "2023-11-14T22:13:20Z"], "2023-11-14T22:13:21Z"),
        ("length_min_t", [None, 64, 60], 60),
        ("length_max_t", [None, 64, 60], 64),
        ("length_min_t", [None, None], None),
        ("time_first_t", [0, 7, 5], 5),
        ("time_first_t", [0, 0], 0),
    ],
)
def test_values_of_all_cpus_become_one(name: str, of_cpus: list[object], merged: object) -> None:
    assert MERGERS[name](of_cpus) == merged


def test_every_type_of_a_key_and_of_a_field_that_is_no_sum_has_a_meaning() -> None:
    plain = {"__u32", "cpu_t", "rx_queue_t", "ifindex_t"}
    structs = {f"struct {name}" for name, _ in OF_STRUCTS}
    assert {kind.c_type for kind in KINDS.values()} <= plain | structs | set(OF_TYPEDEFS)
    special = {field.c_type for field in Field if not field.is_sum}
    assert special == set(MERGERS)
    assert special <= set(OF_TYPEDEFS) | set(known_types.OF_TIMES)


@pytest.mark.parametrize(
    ("name", "base", "data", "shown"),
    [
        ("port_t", BtfType(1, "TYPEDEF", "__be16", type_id=3), b"\0\x50", 80),
        ("port_t", BtfType(1, "INT", "unsigned int", size=4), u32(65536), "none"),
        ("ttl_t", BtfType(1, "INT", "unsigned char", size=1), b"\x40", 64),
        ("time_first_t", BtfType(1, "INT", "unsigned int", size=4), u32(7), 7),
    ],
)
def test_what_is_only_called_so_is_shown_as_what_it_is(
    name: str, base: BtfType, data: bytes, shown: object
) -> None:
    types = Types((BtfType(3, "INT", "unsigned short", size=2), base, BtfType(2, "TYPEDEF", name, type_id=1)))
    assert one(types.column(2), data) == shown
