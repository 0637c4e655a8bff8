"""What a name tells of a number: that it is an address, or that it counts nothing and so has no sum.

C has one type for many things: a `__be32` may be an address or an SPI, a `__u64` a count or a time.
A whole key or value has no name.
"""

import re

from xdpctl.core.btf.known_types import OF_TYPEDEFS

_ENDS = "src|dst|source|dest|destination|gw|gateway|nexthop|next_hop|peer|host"
_ADDRESS = rf".*(?:ip|addr).*|(?:[a-z]+_)?(?:{_ENDS}|v4)(?:_?v?4)?s?"
_MAC = rf".*(?:mac|addr).*|(?:.*_)?(?:eth|hw).*|(?:h_)?(?:{_ENDS})"
_WORD = r"[A-Z]?[a-z]+|[A-Z]+"
_UNITS = frozenset("ns us ms sec secs seconds t".split())
_COUNTS = frozenset("total sum count counts counter cnt packets pkts bytes octets".split())
_HOW_MANY = frozenset("n num nr".split())
"""Before what is counted: `num_ids`; behind it, they say which one: `port_num`."""
_MARKS = frozenset("last first min max avg mean cur current prev".split())
"""With what would be a sum without them: `last_bytes`, `min_len`."""
_NO_COUNTS = frozenset(
    (
        "flag flags mask mark state status mode kind class type version ver enabled config magic code reason "
        "id ids uid gid pid tgid tid ifindex index idx cpu core queue num nr hash key seq cookie tag "
        "port ports sport dport proto protocol vlan vid vni addr ip mac ttl prio priority action verdict "
        "time times tm ts tstamp timestamp stamp ktime jiffies start begin end last first since "
        "expires expiry deadline "
        "min max avg mean level limit threshold rate burst weight ratio interval period timeout offset"
    ).split()
)


def is_address(name: str) -> bool:
    return re.fullmatch(_ADDRESS, name.lower()) is not None


def is_mac(name: str) -> bool:
    """Also where nothing is told of six bytes."""
    return not name or re.fullmatch(_MAC, name.lower()) is not None


def counts(name: str) -> bool:
    """Whether what is called so can be added up over CPUs and elements: no flag, no id, no time."""
    words = [word.lower() for word in re.findall(_WORD, name)]
    words = [word for word in words if word not in _UNITS]
    if not words or not _MARKS.isdisjoint(words):
        return not words
    return words[0] in _HOW_MANY or not _COUNTS.isdisjoint(words) or words[-1] not in _NO_COUNTS


def is_number(typedef: str, name: str) -> bool:
    """Whether nothing says of a `__be32` that it is an address."""
    return typedef == "__be32" and bool(name) and not is_address(name)


def inner_name(typedef: str, name: str) -> str:
    """A typedef's own name counts as that of a member, if it tells something, and the member's doesn't."""
    tells = is_address(typedef) or is_mac(typedef) or not counts(typedef)
    return typedef if tells and typedef not in OF_TYPEDEFS and not is_address(name) else name


def member_name(name: str, others: tuple[str, ...]) -> str:
    """What a member is called: that of a trie's key, behind the length of the prefix, is an address."""
    return "addr" if len(others) == 2 and others[0].startswith("prefix") and name == others[1] else name
