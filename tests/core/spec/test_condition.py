"""What a rule may ask for, as users write it."""

from typing import Any

import pytest

from xdpctl.core.spec.condition import Bits, Prefix, Range, WrongValue, condition
from xdpctl.core.values.keys import Key

V4 = bytes([10, 0, 0, 0])


@pytest.mark.parametrize(
    ("key", "raw", "tests"),
    [
        ("dst_port", 443, (Range(443, 443),)),
        ("dst_port", "1-1023", (Range(1, 1023),)),
        ("dst_port", "1024-", (Range(1024, 65535),)),
        ("length", "300 -", (Range(300, (1 << 32) - 1),)),
        ("dscp", "cs1-", (Range(8, 63),)),
        ("dst_port", [22, "80", "none"], (Range(22, 22), Range(80, 80), Range(65536, 65536))),
        ("ip_proto", "TCP", (Range(6, 6),)),
        ("ip_proto", "0x11", (Range(17, 17),)),
        ("ethertype", "arp", (Range(0x806, 0x806),)),
        ("ethertype", "none", (Range(0, 0),)),
        ("dscp", "af11", (Range(10, 10),)),
        ("dscp", "cs1-cs2", (Range(8, 16),)),
        ("length", "64-1500", (Range(64, 1500),)),
        ("cpu", 4000000000, (Range(4000000000, 4000000000),)),
        ("src_ip", "10.0.0.0/8", (Prefix(4, V4, 8),)),
        ("src_ip", "2001:db8::1", (Prefix(6, bytes.fromhex("20010db8" + 23 * "0" + "1"), 128),)),
        ("src_ip", "::/0", (Prefix(6, bytes(16), 0),)),
        ("dst_ip", "none", (Prefix(0, b"", 0),)),
        ("src_mac", "02:00:00:00:00:01", (Prefix(0, bytes.fromhex("020000000001"), 48),)),
        ("dst_mac", "02:00:00:00:00:00/24", (Prefix(0, bytes.fromhex("020000000000"), 24),)),
        ("tcp_flags", "syn", (Bits(2, 0xFF),)),
        ("tcp_flags", "syn/SYN|ack", (Bits(2, 0x12),)),
        ("tcp_flags", "syn,ack", (Bits(0x12, 0xFF),)),
        ("tcp_flags", "0", (Bits(0, 0xFF),)),
        ("tcp_flags", "none", (Range(256, 256),)),
    ],
)
def test_what_is_said_is_what_is_meant(key: str, raw: Any, tests: tuple[object, ...]) -> None:
    assert condition(Key(key), raw).tests == tests


@pytest.mark.parametrize(
    ("key", "raw", "says", "hint"),
    [
        ("dst_port", 65536, "dst_port can't be 65536: it is a number from 0 to 65535", ""),
        ("vlan", 4096, "it is a number from 0 to 4095", ""),
        ("ttl", "300", "it is a number from 0 to 255", ""),
        ("dscp", 64, "it is a number from 0 to 63", ""),
        ("ethertype", "0x5dc", "it is a number from 1536 to 65535", ""),
        ("dst_port", "1023-1", "a range goes from the smaller number to the larger", ""),
        ("dst_port", "none-7", "a range goes from the smaller number to the larger", ""),
        ("dst_port", "http", "dst_port can't be 'http': it is a number from 0 to 65535, or none", ""),
        ("dst_port", "-1", "dst_port can't be '-1': it is a number", ""),
        ("dst_port", "70000-", "dst_port can't be '70000-': it is a number", ""),
        ("dst_port", "none-", "a range goes from the smaller number to the larger", ""),
        ("dst_port", "-", "dst_port can't be '-': it is a number", ""),
        ("dst_port", "1-2-3", "dst_port can't be '1-2-3': it is a number", ""),
        ("ttl", "9" * 30, "it is a number from 0 to 255, or none", ""),
        ("cpu", "none", "cpu can't be 'none': it is a number", ""),
        ("ip_proto", "tpc", "ip_proto can't be 'tpc'", "did you mean 'tcp'?"),
        ("src_ip", "10.0.0.1/8", "src_ip can't be '10.0.0.1/8'", "did you mean '10.0.0.0/8'?"),
        ("src_ip", "10.0.0.256", "src_ip can't be", "write an address or a prefix, like 10.0.0.1"),
        ("src_ip", 7, "src_ip can't be '7'", "write an address or a prefix"),
        ("src_ip", "fe80::1%eth1/64", "src_ip can't be", "did you mean 'fe80::1'?"),
        ("src_mac", "02:00:00:00:00", "src_mac can't be", "02:00:00:00:00:01"),
        ("src_mac", "none", "src_mac can't be none: every frame has one", ""),
        ("src_mac", "02:00:00:00:00:01/24", "bits are set behind the first 24", ""),
        ("tcp_flags", "sin", "there is no flag 'sin'", "did you mean 'syn'?"),
        ("tcp_flags", "syn/ack", "flags before the slash are among those behind it", ""),
        ("dst_port", [], "an empty list", ""),
        ("dst_port", True, "a number or a string, or a list of them", ""),
        ("dst_port", {"from": 1}, "a number or a string, or a list of them", ""),
    ],
)
def test_what_makes_no_sense_is_refused(key: str, raw: Any, says: str, hint: str) -> None:
    with pytest.raises(WrongValue) as caught:
        condition(Key(key), raw)
    assert says in caught.value.message
    assert hint in "\n".join(caught.value.hints)
    assert bool(hint) == bool(caught.value.hints)
