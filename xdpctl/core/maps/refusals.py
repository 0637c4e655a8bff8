"""What it means that the kernel refuses something of a map, and what it would refuse."""

import errno
import sys

from msgspec import Struct

from xdpctl.core.machine.model import Map
from xdpctl.core.wording import element_count, one
from xdpctl.errors import AlreadyThere, BadRequest, Gone, MapFull, NoSuchKey, NotOffered, Refused, XdpctlError

NOT_SUPPORTED = 524
"""ENOTSUPP of the kernel, of which the C library knows nothing."""
READ_ONLY, WRITE_ONLY = 1 << 3, 1 << 4
_MOST_READ = 1 << 22
LARGEST = 1 << 28
"""Bytes of a value that can be read."""


class _Closed(Struct, frozen=True):
    why: str
    instead: tuple[str, ...] = ()
    """What can be done with a map of the name that is appended."""
    has_keys: bool = False


class NotTold(NotOffered):
    """What is in such a map, the kernel doesn't tell; that is no failure of who reads it."""


_NEXT = "the next one: bpftool map peek name"
_CLOSED = {
    "queue": _Closed("its values are pushed and popped", (_NEXT, "take it out: bpftool map dequeue name")),
    "stack": _Closed("its values are pushed and popped", (_NEXT, "take it out: bpftool map pop name")),
    "bloom_filter": _Closed("it only tells whether something is in it", ("ask: bpftool map lookup name",)),
    "ringbuf": _Closed("it hands messages to whoever reads them first"),
    "user_ringbuf": _Closed("it hands messages to the program"),
    "arena": _Closed("it is memory that programs share"),
    "perf_event_array": _Closed(
        "it hands messages to whoever reads them", ("read them: bpftool map event_pipe name",), has_keys=True
    ),
    "cgroup_array": _Closed("the kernel doesn't tell which cgroups it holds", has_keys=True),
}
"""Types of maps whose elements can't be listed."""
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
    closed = _CLOSED.get(str(map_.type))
    if closed and not closed.has_keys:
        message = f"{map_.name} is of type {map_.type}, which has no keys"
        raise NotOffered(message, closed.why, *_instead(closed, map_))


def check_dumpable(map_: Map) -> None:
    closed = _CLOSED.get(str(map_.type))
    if closed:
        message = f"{map_.name} can't be dumped, being {one(f'{map_.type} map')}: {closed.why}"
        raise NotTold(message, *_instead(closed, map_))
    if not (map_.bytes_key and 0 < map_.bytes_value <= LARGEST):
        sizes = f"keys of {map_.bytes_key} bytes, and values of {map_.bytes_value}"
        raise NotTold(f"{map_.name} can't be dumped, being {one(f'{map_.type} map')} with {sizes}")


def _instead(closed: _Closed, map_: Map) -> tuple[str, ...]:
    return tuple(f"{command} {map_.name}" for command in closed.instead)


def check_readable(map_: Map) -> None:
    check_keys(map_)
    if map_.flags & WRITE_ONLY:
        raise NotOffered(f"{map_.name} can't be read from user space: it was made with the flag wronly")


def check_writable(map_: Map, values: bool = True) -> None:
    """Whether user space can write to it; values too, or it only deletes."""
    check_keys(map_)
    if map_.frozen:
        raise NotOffered(
            f"{map_.name} is frozen: user space can never write to it again",
            "constants of a program (.rodata) are frozen as it is loaded, others by `bpftool map freeze`",
        )
    if map_.flags & READ_ONLY:
        raise NotOffered(f"{map_.name} can't be written from user space: it was made with the flag rdonly")
    what = _HOLDING.get(str(map_.type))
    if values and what:
        by_hand = f"bpftool map update id {map_.id} key … value pinned PATH"
        hint = by_hand if what in _NAMED_BY_BPFTOOL else "only programs that own them can put them in"
        raise NotOffered(f"{map_.name} is of type {map_.type}: it holds {what}, not bytes", hint)


def check_restorable(map_: Map) -> None:
    """Whether what it holds can be written anew, to it or to another map."""
    if what := _HOLDING.get(str(map_.type)):
        raise NotOffered(f"{map_.name} can't be saved: it holds {what}, and a file can't bring them back")


def check_deletable(map_: Map, called: str) -> None:
    """`called` is how people name it: as it was named, since its own name may be another map's too."""
    check_writable(map_, values=False)
    if is_fixed(map_):
        none = f"none can be deleted{named(errno.EINVAL)}"
        raise NotOffered(
            f"{map_.name} is of type {map_.type}: its elements are always there, {none}",
            f"overwrite one with zeros: xdpctl map set {called} KEY VALUE",
            f"or all: xdpctl map clear {called}",
        )


def check_index(map_: Map, key: bytes) -> None:
    """Whether an array, or what is one inside, has such an element."""
    if not is_array(map_):
        return
    index = int.from_bytes(key, sys.byteorder)
    if index >= map_.max_entries:
        room = element_count(map_.max_entries)
        raise NoSuchKey(
            f"{map_.name} has no element {index}: its type is {map_.type}, with {room}",
            "its keys: 0" + (f" to {map_.max_entries - 1}" if map_.max_entries > 1 else ""),
            "the kernel calls this ENOENT where it is read, E2BIG where it is written",
        )


def check_room(map_: Map, called: str, count: int, which: str) -> None:
    """Whether a map can hold so many elements."""
    if count > map_.max_entries:
        room = f"it has room for {map_.max_entries}{named(errno.E2BIG)}"
        raise BadRequest(
            f"with {which}, {map_.name} would hold {count} elements: {room}",
            "build it with a larger max_entries",
            f"or empty it first: xdpctl map clear {called}",
        )


def no_such_key(map_: Map, called: str, key: str, alike: str = "") -> NoSuchKey:
    """`alike` is a key of the same members, if there is one."""
    lacks = f"{map_.name} has no key {key}{named(errno.ENOENT)}"
    hints = (f"{alike} is there: its padding isn't zero",) if alike else ()
    return NoSuchKey(lacks, *hints, f"xdpctl map keys {called} shows those it has")


def already_there(map_: Map, key: str) -> AlreadyThere:
    there = f"{map_.name}[{key}] is there already{named(errno.EEXIST)}"
    return AlreadyThere(there, "leave out --new to change it")


def gone(map_: Map) -> Gone:
    return Gone(f"{map_.name} (id {map_.id}) has gone meanwhile", "xdpctl map list shows maps")


def not_told(map_: Map, said: str) -> NotTold:
    """Where the kernel has an answer, and keeps it."""
    return NotTold(
        f"{map_.name} can't be read: the kernel doesn't tell what is in a map of type {map_.type}", said
    )


def holds_bytes(map_: Map) -> bool:
    """Whether whatever is in it can be read: no sockets and the like, no type that bpftool doesn't know."""
    return isinstance(map_.type, str) and map_.type not in _HOLDING


def keeps_values(map_: Map) -> bool:
    """Whether only the kernel knows them: sockets, but where values have room for their cookies."""
    return map_.type == "xskmap" or (map_.type in ("sockmap", "sockhash") and map_.bytes_value == 4)


def is_fixed(map_: Map) -> bool:
    """All elements are there from the start, and stay."""
    return map_.type in ("array", "percpu_array")


def takes_minutes(map_: Map) -> bool:
    """To read all of it, whatever is in it."""
    return is_fixed(map_) and map_.max_entries > _MOST_READ


def is_array(map_: Map) -> bool:
    """Keys are numbers of places, of which there are as many as it has entries."""
    return not map_.elements_come_singly or map_.type in ("xskmap", "cpumap", "sockmap")


def named(number: int) -> str:
    """An errno as the kernel's pages call it, to stand behind a message."""
    return f" ({'ENOTSUPP' if number == NOT_SUPPORTED else errno.errorcode.get(number, number)})"


def unread(map_: Map, called: str, number: int, said: str, key: str) -> XdpctlError:
    """The meaning of an errno of a lookup."""
    what, name = f"{map_.name}[{key}] can't be read", named(number)
    match number:
        case errno.ENOENT:
            return no_such_key(map_, called, key)
        case errno.EPERM:
            return Refused(f"{what}: the kernel doesn't permit it, not even to root{name}")
        case errno.ENOMEM:
            return Refused(f"{what}: the kernel has no memory for it now{name}", "try again")
        case _ if number in (NOT_SUPPORTED, errno.EOPNOTSUPP):
            return NotOffered(f"{what}: the kernel doesn't offer this for {map_.type} maps{name}")
    return Refused(f"{what}: the kernel refuses it: {said}{name}")


def holds_socket(map_: Map, key: str) -> NotTold:
    return NotTold(f"{map_.name}[{key}] holds a socket: that is all the kernel tells of it")


def refusal(map_: Map, called: str, number: int, said: str, key: str) -> XdpctlError:
    """The meaning of an errno of a write; `said` is what the tool has to say of it."""
    what, name = f"{map_.name}[{key}]", named(number)
    match number:
        case errno.ENOENT:
            return no_such_key(map_, called, key)
        case errno.EEXIST:
            return already_there(map_, key)
        case errno.E2BIG | errno.ENOSPC:
            room = element_count(map_.max_entries)
            return MapFull(
                f"{what} can't be added: {map_.name} is full, it has room for {room}{name}",
                f"make room: xdpctl map delete {called} KEY, or xdpctl map clear {called}",
                "or build it larger: max_entries says how many there can be",
            )
        case errno.EPERM:
            return Refused(f"{what} can't be written: the kernel doesn't permit it, not even to root{name}")
        case _ if number in (NOT_SUPPORTED, errno.EOPNOTSUPP):
            return NotOffered(f"{what}: the kernel doesn't offer this for {map_.type} maps{name}")
        case errno.EINVAL | errno.ENODEV if map_.holds_devices:
            here = "xdpctl --netns NAME writes those of another network namespace"
            return Refused(f"{what}: no device has this number, or none that takes packets{name}", here)
        case errno.EBUSY:
            return Refused(f"{what} is being written by another CPU{name}", "try again")
        case errno.ENOMEM:
            return Refused(f"{what} can't be added: the kernel has no memory for it now{name}", "try again")
    return Refused(f"{what}: the kernel refuses it: {said}{name}")
