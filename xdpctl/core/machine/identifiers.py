"""What a program or a map can be called."""

import re
from collections.abc import Iterable

NAME_LENGTH = 15
"""The kernel keeps 15 characters of the name of a program or map."""
_TAKEN = (
    r"_[_A-Z]|bpf_|BPF_|BTF_|XDP_|SK_|TRI_|LIBBPF_|MAX_BPF_|TCP_BPF_|UNSEEN_"
    r"|ETH_|IP_|IPV6_|IPPROTO_|IPOPT_|IN_|IN6_|INADDR_|NO_|TCP_|ARPHRD_|IPTOS_|MCAST_|DEVCONF_|MAX_IPOPTLEN|s6_addr"
)
"""How names begin that the kernel's headers or the generated C use."""


def cut(name: str) -> str:
    """What the kernel keeps of it."""
    return name[:NAME_LENGTH]


def whole(name: str, pins: Iterable[str]) -> str:
    """The name before the kernel cut it, where a pin tells it."""
    if len(name) < NAME_LENGTH:
        return name
    return next((own for pin in pins if cut(own := pin.rpartition("/")[2]) == name), name)


def may_be_same(one: str, other: str) -> bool:
    """Whether two names may be of one thing: the kernel may have cut either of them."""
    return one == other or (cut(one) == cut(other) and NAME_LENGTH in (len(one), len(other)))


def complaint(name: str) -> tuple[str, ...]:
    """What is wrong with a name, then what would be right; nothing if it can be used."""
    from xdpctl.core.machine.reserved import RESERVED

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return (f"{name!r} is no C identifier", "use letters, digits and _, and don't begin with a digit")
    if len(name) > NAME_LENGTH:
        return (
            f"{name!r} has {len(name)} characters, the kernel keeps {NAME_LENGTH}",
            f"shorten it: {cut(name)!r} would be what tools show",
        )
    if name in RESERVED or re.match(_TAKEN, name):
        return (f"{name!r} already has a meaning in C or in the kernel's headers", "rename it")
    return ()
