"""What it means that the kernel refuses something of a map, and what it would refuse."""

import errno
import sys

from xdpctl.core.model import Map
from xdpctl.errors import BadRequest, Refused, XdpctlError

NOT_SUPPORTED = 524
"""ENOTSUPP of the kernel, of which the C library knows nothing."""
READ_ONLY, WRITE_ONLY = 1 << 3, 1 << 4
_WITHOUT_KEYS = {
    "queue": "its values are pushed and popped: `bpftool map peek`, `bpftool map dequeue`",
    "stack": "its values are pushed and popped: `bpftool map peek`, `bpftool map pop`",
    "bloom_filter": "programs ask it whether they have seen something",
    "ringbuf": "what programs send through it is read once, by a reader of their own",
    "user_ringbuf": "programs read what is sent to them through it",
    "arena": "it is memory that programs share",
}
_HOLDING = {
    "prog_array": "programs",
    "array_of_maps": "maps",
    "hash_of_maps": "maps",
    "cgroup_array": "cgroups",
    "perf_event_array": "events",
    "sockmap": "sockets",
    "sockhash": "sockets",
    "xskmap": "sockets",
    "reuseport_sockarray": "sockets",
}
_NAMED_BY_BPFTOOL = ("programs", "maps")


def check_keys(map_: Map) -> None:
    """Whether there are keys at all."""
    if map_.type in _WITHOUT_KEYS:
        message = f"{map_.name} is of type {map_.type}, which has no keys"
        raise Refused(message, _WITHOUT_KEYS[str(map_.type)])


def check_readable(map_: Map) -> None:
    check_keys(map_)
    if map_.flags & WRITE_ONLY:
        raise Refused(f"{map_.name} can't be read from user space: it was made with the flag wronly")


def check_writable(map_: Map, values: bool = True) -> None:
    """Whether user space can write to it; values too, or it only deletes."""
    check_keys(map_)
    if map_.frozen:
        raise Refused(
            f"{map_.name} is frozen: user space can never write to it again",
            "constants of a program (.rodata) are frozen as it is loaded, others by `bpftool map freeze`",
        )
    if map_.flags & READ_ONLY:
        raise Refused(f"{map_.name} can't be written from user space: it was made with the flag rdonly")
    what = _HOLDING.get(str(map_.type))
    if values and what:
        by_hand = f"bpftool map update id {map_.id} key … value pinned PATH"
        hint = by_hand if what in _NAMED_BY_BPFTOOL else "only programs that own them can put them in"
        raise Refused(f"{map_.name} is of type {map_.type}: it holds {what}, not bytes", hint)


def check_deletable(map_: Map) -> None:
    check_writable(map_, values=False)
    if is_fixed(map_):
        raise Refused(
            f"{map_.name} is of type {map_.type}: its elements are always there, none can be deleted",
            f"set one to zero: xdpctl map set {map_.name} KEY 0",
            f"or all: xdpctl map clear {map_.name}",
        )


def check_index(map_: Map, key: bytes) -> None:
    """Whether an array, or what is one inside, has such an element."""
    if not is_array(map_):
        return
    index = int.from_bytes(key, sys.byteorder)
    if index >= map_.max_entries:
        raise BadRequest(
            f"{map_.name} has no element {index}: its type is {map_.type}, with {elements(map_.max_entries)}",
            "its keys: 0" + (f" to {map_.max_entries - 1}" if map_.max_entries > 1 else ""),
        )


def is_fixed(map_: Map) -> bool:
    """All elements are there from the start, and stay."""
    return map_.type in ("array", "percpu_array")


def is_array(map_: Map) -> bool:
    """Keys are numbers of places, of which there are as many as it has entries."""
    return not map_.elements_come_singly or map_.type in ("xskmap", "cpumap", "sockmap")


def refusal(map_: Map, number: int, said: str, key: str) -> XdpctlError:
    """The meaning of an errno; `said` is what the tool has to say of it."""
    what = f"{map_.name}[{key}]"
    match number:
        case errno.ENOENT:
            return BadRequest(
                f"{map_.name} has no key {key}", f"xdpctl map keys {map_.name} shows those it has"
            )
        case errno.EEXIST:
            return BadRequest(f"{what} is there already", "leave out --new to change it")
        case errno.E2BIG | errno.ENOSPC:
            return Refused(
                f"{what} can't be added: {map_.name} is full, it has room for {elements(map_.max_entries)}",
                f"make room: xdpctl map delete {map_.name} KEY, or xdpctl map clear {map_.name}",
                "or build it larger: max_entries says how many there can be",
            )
        case errno.EPERM:
            return Refused(f"{what} can't be written: the kernel doesn't permit it, not even to root")
        case _ if number in (NOT_SUPPORTED, errno.EOPNOTSUPP):
            return Refused(f"{what}: the kernel doesn't offer this for {map_.type} maps")
        case errno.EBUSY:
            return Refused(f"{what} is being written by another CPU", "try again")
        case errno.ENOMEM:
            return Refused(f"{what} can't be added: the kernel has no memory for it just now", "try again")
    return Refused(f"{what}: the kernel refuses it: {said}")


def elements(count: int) -> str:
    """How many, in words."""
    return "1 element" if count == 1 else f"{count} elements"
