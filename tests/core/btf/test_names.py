"""What the name of a member says of its value: an address, a MAC, a number, or something that has no sum."""

import struct

import pytest

from xdpctl.core.btf.columns import Column, one
from xdpctl.core.btf.names import is_mac
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import BtfType, Member, Types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.query.rows import sums
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest

ADDRESS = bytes([10, 0, 0, 1])
MAC = bytes.fromhex("020000000001")
DOTTED, NUMBER = "10.0.0.1", 0x0A000001


def column(words: str, raw: bool = False) -> Column:
    everything, ends = as_types(f"key:u32 value:{words}")
    return Types(everything.types, raw).column(ends.types[1].id)


def typedef(name: str) -> tuple[BtfType, ...]:
    """A struct with a member x of a type of this name, which is a __be32."""
    return (
        BtfType(1, "INT", "unsigned int", 4),
        BtfType(2, "TYPEDEF", "__be32", type_id=1),
        BtfType(3, "TYPEDEF", name, type_id=2),
        BtfType(4, "STRUCT", "s", 4, members=(Member("x", 3),)),
    )


ADDRESSES = """
saddr daddr addr ip src dst src_ip dst_ip vip client_ip ipv4 ip4 source dest v4 src_v4 gw
ipaddr ip_addr dstip srcip dst_ip4 daddr4 server_addr nexthop next_hop ip_src ip_dst ipsrc peer_v4 sip dip
srcIp dstIP SRC_IP dstAddr srcIPv4 IPAddr ipAddress local_ip remote_ip4 remote_ipv4 tunnel_src serverip
hosts peers gateway orig_dst dst_addrs backend_ip vips ip_mask ip_start nat_ip real_ip pod_ip clientip nextHop
"""
NUMBERS = """
seq ack_seq vni spi teid src_port dst_seq id mark cookie x
zip_code zip description ship chip skip_count clip strip tip recipient multiplier ripple script equipment
participants pipeline dip_switch_count gossip snippet addendum padding machine macro stipend descr
ip_id ip_seq addr_len ip_proto src_ip_hash host_id source_port peer_count origin destiny srcery v4l2 u32
"""
OF_MAC = """
mac smac dmac src_mac dst_mac mac_addr macaddr h_dest h_source eth_src eth_dst ethaddr hwaddr hw_addr lladdr
addr shost dhost ether_dhost srcMac dstMAC HWAddr src dst bssid mac1 peer_mac
"""
OF_NO_MAC = "pad machine macro stomach pharmacy name comm uuid bytes data key method whether hwm thwart h x"


@pytest.mark.parametrize("name", ADDRESSES.split())
def test_what_is_called_an_address_is_one(name: str) -> None:
    assert one(column(f"{{{name}:be32}}"), ADDRESS) == {name: DOTTED}


@pytest.mark.parametrize("name", NUMBERS.split())
def test_what_is_called_otherwise_is_a_number(name: str) -> None:
    assert one(column(f"{{{name}:be32}}"), ADDRESS) == {name: NUMBER}
    assert one(column(f"{{{name}:be32}}", raw=True), ADDRESS) == {name: "0x0a000001"}


def test_what_is_called_a_mac_is_one() -> None:
    assert [name for name in OF_MAC.split() if not is_mac(name)] == []
    assert [name for name in OF_NO_MAC.split() if is_mac(name)] == []


@pytest.mark.parametrize(
    ("words", "data", "shown"),
    [
        ("be32", ADDRESS, DOTTED),
        ("{seq:ipv4}", ADDRESS, {"seq": DOTTED}),
        ("{seqs:be32[2],saddr:be32[1]}", 3 * ADDRESS, {"seqs": [NUMBER, NUMBER], "saddr": [DOTTED]}),
        ("{prefixlen:u32,data:be32}", struct.pack("=I", 8) + ADDRESS, {"prefixlen": 8, "data": DOTTED}),
        ("{flow:{src:be32,seq:be32}}", 2 * ADDRESS, {"flow": {"src": DOTTED, "seq": NUMBER}}),
        ("u8[6]", MAC, "02:00:00:00:00:01"),
        ("{mac:u8[6]}", MAC, {"mac": "02:00:00:00:00:01"}),
        ("{h_dest:u8[6]}", MAC, {"h_dest": "02:00:00:00:00:01"}),
        ("{eth_src:u8[6]}", MAC, {"eth_src": "02:00:00:00:00:01"}),
        ("char[4]", b"eth\0", "eth"),
        ("char[4]", b"e\0\xff\xff", "e"),
        ("char[4]", b"e\xff\0\0", [101, 255, 0, 0]),
        ("{pad:u8[6]}", MAC, {"pad": [2, 0, 0, 0, 0, 1]}),
        ("{mac:u8[5]}", MAC[:5], {"mac": [2, 0, 0, 0, 0]}),
    ],
)
def test_numbers_and_addresses(words: str, data: bytes, shown: object) -> None:
    assert one(column(words), data) == shown


@pytest.mark.parametrize(("name", "shown"), [("ipv4_addr_t", DOTTED), ("seq_t", NUMBER)])
def test_a_typedef_says_it_too(name: str, shown: Value) -> None:
    types = typedef(name)
    assert one(Types(types).column(4), ADDRESS) == {"x": shown}
    assert one(Types(types).column(3), ADDRESS) == shown
    assert Encoder(types).writer("value", 4, 4)({"x": shown}, None) == ADDRESS


def test_what_is_said_of_them_is_taken() -> None:
    everything, ends = as_types("key:u32 value:{seq:be32,saddr:be32}")
    write = Encoder(everything.types).writer("value", ends.types[1].id, 8)
    assert write(f"seq={NUMBER} saddr={DOTTED}", None) == 2 * ADDRESS
    assert write(f"seq={DOTTED} saddr=0x0a000001", None) == 2 * ADDRESS
    with pytest.raises(BadRequest, match="saddr can't be '1'"):
        write("saddr=1", None)


@pytest.mark.parametrize(
    ("name", "is_sum"),
    [
        *(
            (name, True)
            for name in "packets rx_bytes v1 drops total_time num_ids hits pkt_len bytes_seen".split()
        ),
        *((name, False) for name in "flags tcp_flags id last_seen lastSeen ts time_ns ifindex cpu".split()),
        *((name, False) for name in "max_len min_rtt last_bytes state port_num limit".split()),
    ],
)
def test_what_counts_nothing_has_no_sum(name: str, is_sum: bool) -> None:
    found = column(f"{{{name}:u64}}")
    assert sums(found) == ((name,) if is_sum else ())
    [merged] = found.merged(struct.pack("=QQ", 5, 7), 8, 2)
    assert merged == {name: 12 if is_sum else [5, 7]}
    [merged] = found.merged(struct.pack("=QQ", 5, 5), 8, 2)
    assert merged == {name: 10 if is_sum else 5}
    [merged] = found.merged(struct.pack("=QQ", 0, 5), 8, 2)
    assert merged == {name: 5}, "the other CPU has none"


@pytest.mark.parametrize(
    ("words", "first", "second", "merged"),
    [
        ("{b:bool}", b"\1", b"\0", {"b": True}),
        ("{name:char[2]}", b"a\0", b"b\0", {"name": ["a", "b"]}),
        ("{v:verdict}", b"\2\0\0\0", b"\1\0\0\0", {"v": ["XDP_PASS", "XDP_DROP"]}),
        ("{ids:u16[2]}", b"\1\0\2\0", b"\1\0\3\0", {"ids": [1, [2, 3]]}),
        ("{n:u16[2]}", b"\1\0\2\0", b"\1\0\3\0", {"n": [2, 5]}),
        ("{in:{id:u8,n:u8}[1]}", b"\1\2", b"\3\4", {"in": [{"id": [1, 3], "n": 6}]}),
        ("{src:be32}", ADDRESS, bytes(4), {"src": DOTTED}),
    ],
)
def test_what_cpus_do_not_agree_on(words: str, first: bytes, second: bytes, merged: object) -> None:
    assert column(words).merged(first + second, len(first), 2) == [merged]
