"""Packets of more than 65535 bytes, which the kernel makes of a connection's: their length field is 0."""

import json
import struct
import sys
from typing import Any

import pytest

from ..reference.facts import HOP_BY_HOP, IPV4, IPV6
from ..reference.packets import ethernet, ipv4, ipv6, upper
from ..reference.specs import toml
from .conftest import Lab

LARGEST = 185_000
TRANSFERRED = 20_000_000
SPEC = {
    "counter": [
        {
            "type": "percpu_hash",
            "key": ["verdict", "ip_proto", "dst_port"],
            "fields": ["packets", "max_length"],
        }
    ],
    "rule": [
        {"match": {"ip_proto": "tcp", "dst_port": 5001}, "verdict": "pass"},
        {"match": {"length": "65536-1000000"}, "verdict": "drop"},
    ],
}
SET_UP = f"""
set -e
for enter in '' 'nsenter --net=/run/netns/peer'; do
    $enter sh -c 'echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
done
ip addr add 2001:db8::1/64 dev veth0 nodad
ip -n peer addr add 2001:db8::2/64 dev veth1 nodad
ip link set veth0 gso_max_size {LARGEST} gro_max_size {LARGEST}
ip -n peer link set veth1 gso_max_size {LARGEST} gro_max_size {LARGEST}
"""
IPV4_TOO = """
# What `ip link set DEV gso_ipv4_max_size SIZE gro_ipv4_max_size SIZE` does, of iproute2 since 6.3.
import socket, struct, sys
REQUEST, ACK, RTM_NEWLINK, GSO_IPV4_MAX_SIZE, GRO_IPV4_MAX_SIZE = 1, 4, 16, 63, 64
device, size = sys.argv[1], int(sys.argv[2])
sizes = (struct.pack("HHI", 8, kind, size) for kind in (GSO_IPV4_MAX_SIZE, GRO_IPV4_MAX_SIZE))
said = struct.pack("BxHiII", 0, 0, socket.if_nametoindex(device), 0, 0) + b"".join(sizes)
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as s:
    s.send(struct.pack("IHHII", 16 + len(said), RTM_NEWLINK, REQUEST | ACK, 1, 0) + said)
    sys.exit(-struct.unpack("i", s.recv(4096)[16:20])[0])
"""
TRANSFER = """
# From the peer to this end; prints how many bytes arrived.
import ctypes, os, socket, sys, threading
address, size = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
listening = socket.socket(family)
listening.bind((address, 5001))
listening.listen()
def send():
    assert ctypes.CDLL(None).setns(os.open("/run/netns/peer", os.O_RDONLY), 0) == 0
    with socket.create_connection((address, 5001), 5) as connection:
        connection.sendall(bytes(size))
threading.Thread(target=send, daemon=True).start()
listening.settimeout(5)
connection, _ = listening.accept()
connection.settimeout(5)
received = 0
while piece := connection.recv(1 << 20):
    received += len(piece)
print(received)
"""


@pytest.fixture
def big_lab(lab: Lab) -> Lab:
    lab.must("sh", "-c", SET_UP)
    for enter, device in ((), "veth0"), (("nsenter", "--net=/run/netns/peer"), "veth1"):
        lab.must(*enter, sys.executable, "-c", IPV4_TOO, device, str(LARGEST))
    return lab


def transferred(lab: Lab, address: str, mode: str) -> list[dict[str, Any]]:
    """What was counted of a connection, all of which gets through."""
    lab.load_spec(toml(SPEC), mode)
    assert lab.must(sys.executable, "-c", TRANSFER, address, str(TRANSFERRED)) == f"{TRANSFERRED}\n"
    entries = lab.read("pkt_cnt")["entries"]
    assert {entry["key"]["verdict"] for entry in entries} == {"XDP_PASS"}
    return [entry["value"] for entry in entries if entry["key"]["dst_port"] == 5001]


@pytest.mark.parametrize("address", ["10.77.0.1", "2001:db8::1"])
def test_a_rule_on_ports_sees_them(big_lab: Lab, address: str) -> None:
    [counted] = transferred(big_lab, address, "generic")
    assert counted["max_length"] > 65535 + 14


@pytest.mark.parametrize("address", ["10.77.0.1", "2001:db8::1"])
def test_in_native_mode_none_arrives(big_lab: Lab, address: str) -> None:
    [counted] = transferred(big_lab, address, "native")
    assert counted["max_length"] <= 1514


JUMBO_OPTION = struct.pack("!BBBBI", 6, 0, 0xC2, 4, 70_000)
TO_5001 = upper(40000, 5001)
NONE = -70_000
"""Of a packet which is that much longer than it says, it says 0."""
CRAFTED = {
    "ipv4": ethernet(IPV4, ipv4(6, TO_5001, longer=NONE)),
    "ipv6": ethernet(IPV6, ipv6(6, TO_5001, longer=NONE)),
    "jumbo option": ethernet(IPV6, ipv6(HOP_BY_HOP, JUMBO_OPTION + TO_5001, longer=NONE)),
}


@pytest.mark.parametrize("kind", CRAFTED)
def test_crafted_frames(lab: Lab, kind: str) -> None:
    rule = {"match": {"ip_proto": "tcp", "dst_port": 5001}, "verdict": "drop"}
    (lab.directory / "spec.toml").write_text(toml({"rule": [rule]}))
    lab.ok("build", "spec.toml")
    said = json.loads(lab.ok("run", "--hex", CRAFTED[kind].hex(), "--json"))
    assert [packet["verdict"] for packet in said["packets"]] == ["XDP_DROP"]
