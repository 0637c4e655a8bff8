"""Which prefix of a trie an address lies in."""

import sys
from ipaddress import ip_network

import pytest

from xdpctl.core.maps.prefixes import longest


def key(text: str) -> bytes:
    network = ip_network(text)
    return network.prefixlen.to_bytes(4, sys.byteorder) + network.network_address.packed


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("10.1.2.3/32", "10.1.0.0/16"),
        ("10.1.0.0/16", "10.1.0.0/16"),
        ("10.2.0.0/15", "10.0.0.0/8"),
        ("11.0.0.0/32", "0.0.0.0/0"),
    ],
)
def test_the_longest_prefix(asked: str, found: str) -> None:
    keys = [key(text) for text in ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.4/32")]
    assert longest(keys, key(asked)) == key(found)


def test_none_of_them() -> None:
    assert longest([key("10.0.0.0/8")], key("11.0.0.0/8")) == key("11.0.0.0/8")
