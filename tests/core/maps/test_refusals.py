"""What the kernel's errno means for a map, and what is known beforehand."""

import errno
from functools import partial

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.refusals import (
    NOT_SUPPORTED,
    check_deletable,
    check_dumpable,
    check_index,
    check_keys,
    check_readable,
    check_room,
    check_writable,
    refusal,
)
from xdpctl.errors import AlreadyThere, BadRequest, MapFull, NoSuchKey, NotOffered, Refused, XdpctlError


def of_type(map_type: str, flags: int = 0, frozen: int = 0) -> Map:
    return Map(MapId(7), map_type, "m", 4, 8, 5, flags=flags, frozen=frozen)


@pytest.mark.parametrize(
    ("number", "error", "says"),
    [
        (errno.ENOENT, NoSuchKey, "m has no key 9 (ENOENT)"),
        (errno.EEXIST, AlreadyThere, "m[9] is there already (EEXIST)"),
        (errno.E2BIG, MapFull, "m is full, it has room for 5 elements (E2BIG)"),
        (errno.ENOSPC, MapFull, "m is full, it has room for 5 elements (ENOSPC)"),
        (errno.EPERM, Refused, "doesn't permit it, not even to root (EPERM)"),
        (NOT_SUPPORTED, NotOffered, "doesn't offer this for hash maps (ENOTSUPP)"),
        (errno.EBUSY, Refused, "another CPU (EBUSY)\ntry again"),
        (errno.ENOMEM, Refused, "it now (ENOMEM)"),
        (errno.EINVAL, Refused, "the kernel refuses it: Invalid argument (EINVAL)"),
    ],
)
def test_an_errno(number: int, error: type[XdpctlError], says: str) -> None:
    found = refusal(of_type("hash"), "id:7", number, "Invalid argument", "9")
    assert type(found) is error
    assert says in str(found)


@pytest.mark.parametrize("map_type", ["queue", "stack", "ringbuf", "bloom_filter"])
def test_maps_without_keys(map_type: str) -> None:
    for check in (check_readable, check_writable, partial(check_deletable, called="m")):
        with pytest.raises(Refused, match=f"of type {map_type}, which has no keys"):
            check(of_type(map_type))


def test_why_there_is_nothing_to_dump_and_what_there_is_instead() -> None:
    for map_type in (
        "queue",
        "stack",
        "bloom_filter",
        "ringbuf",
        "arena",
        "perf_event_array",
        "cgroup_array",
    ):
        with pytest.raises(Refused, match=f"m can't be dumped, being an? {map_type} map: "):
            check_dumpable(of_type(map_type))
    for check in (check_dumpable, check_keys):
        with pytest.raises(Refused) as caught:
            check(of_type("queue"))
        assert caught.value.hints[-2:] == (
            "the next one: bpftool map peek name m",
            "take it out: bpftool map dequeue name m",
        )
    check_keys(of_type("cgroup_array"))
    check_dumpable(of_type("prog_array"))


@pytest.mark.parametrize(
    ("map_", "says"),
    [
        (of_type("hash", frozen=1), "frozen"),
        (of_type("hash", flags=1 << 3), "rdonly"),
        (of_type("prog_array"), "holds programs.*\n.*bpftool map update id 7"),
        (of_type("sockmap"), "holds sockets"),
    ],
)
def test_maps_that_cannot_be_written(map_: Map, says: str) -> None:
    with pytest.raises(Refused, match=says):
        check_writable(map_)


def test_what_can_be_done() -> None:
    check_readable(of_type("hash", flags=1 << 3, frozen=1))
    check_writable(of_type("array", flags=1 << 10))
    check_deletable(of_type("prog_array"), "m")
    check_index(of_type("array"), bytes([4, 0, 0, 0]))
    check_index(of_type("hash"), bytes([5, 0, 0, 0]))
    with pytest.raises(Refused, match="wronly"):
        check_readable(of_type("hash", flags=1 << 4))
    with pytest.raises(Refused, match=r"can be deleted \(EINVAL\)(.|\n)*xdpctl map clear id:7"):
        check_deletable(of_type("percpu_array"), "id:7")
    with pytest.raises(BadRequest, match=r"m has no element 5.*\n.*0 to 4\n.*ENOENT.*E2BIG"):
        check_index(of_type("percpu_array"), bytes([5, 0, 0, 0]))


def test_room() -> None:
    check_room(of_type("hash"), "id:7", 5, "those of f")
    with pytest.raises(BadRequest) as caught:
        check_room(of_type("hash"), "id:7", 6, "those of f")
    caught.match(r"with those of f, m would hold 6 elements: it has room for 5 \(E2BIG\)")
    caught.match("xdpctl map clear id:7$")


def test_a_number_that_no_device_has() -> None:
    found = refusal(of_type("devmap"), "m", errno.EINVAL, "Invalid argument", "0")
    assert str(found).startswith("m[0]: no device has this number, or none that takes packets (EINVAL)\n")
    assert "--netns" in str(found)
