"""Names of numbers in packets: what specs say and what `dump` shows."""

IP_PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "ipv6": 41,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "eigrp": 88,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
ETHERTYPES = {
    "ipv4": 0x0800,
    "arp": 0x0806,
    "wol": 0x0842,
    "vlan": 0x8100,
    "ipv6": 0x86DD,
    "mpls": 0x8847,
    "pppoe_discovery": 0x8863,
    "pppoe": 0x8864,
    "eapol": 0x888E,
    "qinq": 0x88A8,
    "lldp": 0x88CC,
    "macsec": 0x88E5,
    "ptp": 0x88F7,
}
TCP_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
"""From the lowest bit up."""
DSCPS = {
    **{f"cs{n}": 8 * n for n in range(8)},
    **{f"af{n}{drop}": 8 * n + 2 * drop for n in range(1, 5) for drop in range(1, 4)},
    "le": 1,
    "va": 44,
    "ef": 46,
}
VERDICTS = ("XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT")


def as_returned(verdict: int) -> str:
    """A verdict that has no name, also as the number below zero that it may be in C."""
    return f"{verdict} ({verdict - (1 << 32)})" if verdict >> 31 else str(verdict)
