"""What a name tells of a number: that it is an address, or that it counts nothing and so has no sum.

C has one type for many things: a `__be32` may be an address or an SPI, a `__u64` a count or a time.
A whole key or value has no name.
"""

from itertools import pairwise

from xdpctl.core.btf.known_types import OF_TYPEDEFS

_ENDS = frozenset("src dst source dest destination gw gateway nexthop hop peer host".split())
"""Of whom it is the address, if the name says no more: at the end, behind one other word at most."""
_SIDES = (
    "", "s", "d", "v", "r", "l", "src", "dst", "source", "dest", "gw", "nexthop", "peer", "host", "local",
    "remote", "client", "server", "target", "router", "backend", "node", "pod", "nat", "my", "our",
)  # fmt: skip
_IPS = frozenset(
    [f"{side}ip{end}" for side in _SIDES for end in ("", "s", "v")] + [f"ip{end}" for end in _ENDS]
)
_MACS = frozenset([f"{side}mac{end}" for side in _SIDES for end in ("", "s")]) | frozenset(
    "eth ether ethernet ethsrc ethdst hw hwsrc hwdst shost dhost bssid".split()
)
_WHOLE = ("addr", "addrs", "address", "addresses")
"""Words that end so are addresses: `saddr`, `lladdr`."""
_OF_IT = frozenset(
    "id ids seq proto protocol port ports len length type version flag flags mark hash ttl tos "
    "count cnt num packets bytes".split()
)
"""Behind an address they say what of it the number is: `ip_id`, `addr_len`."""
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


def _words(name: str) -> list[str]:
    """`src_ip4`, `srcIp` and `SRC_IP` are two words."""
    apart = "".join(
        f"{one} " if one.islower() and two.isupper() else one for one, two in pairwise(f"{name} ")
    )
    return "".join(letter if letter.isalpha() else " " for letter in apart).lower().split()


def _says(words: list[str], known: frozenset[str]) -> bool:
    """Whether one of the words is such an address."""
    if not words or words[-1] in _OF_IT:
        return False
    return not known.isdisjoint(words) or any(word.endswith(_WHOLE) for word in words)


def _ends(words: list[str], others: int) -> bool:
    return 0 < len(words) <= 1 + others and (words[-1] in _ENDS or words[-1].removesuffix("s") in _ENDS)


def is_address(name: str) -> bool:
    words = _words(name)
    of_version_4 = name.lower().endswith(("v4", "v4s"))
    return of_version_4 or _says(words, _IPS) or _ends(words, others=1)


def is_mac(name: str) -> bool:
    """Also where nothing is told of six bytes."""
    words = _words(name)
    return not name or _says(words, _MACS) or _ends(words[words[:1] == ["h"] :], others=0)


def counts(name: str) -> bool:
    """Whether what is called so can be added up over CPUs and elements: no flag, no id, no time."""
    words = [word for word in _words(name) if word not in _UNITS]
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
