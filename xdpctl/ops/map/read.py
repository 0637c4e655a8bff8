"""Look up elements of a map, and go from key to key."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from xdpctl.core.encode.words import Words, parse_input
from xdpctl.core.machine.model import Map
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps.codec import Codec
from xdpctl.core.maps.decode import Entry
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest
from xdpctl.ops.map import _opened
from xdpctl.ops.map._opened import is_there, lookup, matching, to_read
from xdpctl.tools.maps import elements


class Got(Struct, frozen=True):
    map: Map
    pin: str | None
    entry: Entry
    per_cpu: bool
    typed: bool
    asked: str
    """In other words, where the key is that of a prefix around it."""


class FoundKey(Struct, frozen=True):
    words: str
    value: Value


def get(name: str, reach: Reach, words: Words, as_: str, raw: bool, per_cpu: bool, netns: str | None) -> Got:
    """Devices are told by name if it is said in which network namespace."""
    target = to_read(name, reach, as_, raw=raw, netns=netns)
    codec = target.codec
    if per_cpu and not target.map.per_cpu:
        raise BadRequest(
            f"--per-cpu: {target.map.name} is of type {target.map.type}, which has one value for all CPUs"
        )
    key = codec.encode_key(parse_input(words))
    values = lookup(target, key)
    if not values:
        raise target.no_such_key(key)
    found = matching(target.map, key)
    by_cpu = per_cpu or (target.map.per_cpu and not codec.layout.typed)  # bytes can't be merged
    entry = codec.decode_entry(found, values, by_cpu)
    return Got(
        map=target.map,
        pin=target.pin,
        entry=entry if codec.devices is None else replace(entry, value=codec.devices.shown(entry.value)),
        per_cpu=by_cpu,
        typed=codec.layout.typed,
        asked="" if found == key else codec.key_in_words(key),
    )


def following(name: str, reach: Reach, words: Words, as_: str) -> FoundKey | None:
    """The key after one, or the first; None where there is none any more."""
    target = to_read(name, reach, as_)
    key = None
    if words:
        key = target.codec.encode_key(parse_input(words))
        if not is_there(target, key):
            raise target.no_such_key(key)  # the kernel would begin again
    try:
        found = elements.following(target.map, key)
    except elements.Refusal as refusal:
        raise target.unread(refusal.answer, key or bytes(target.map.bytes_key)) from None
    return None if found is None else _key(target.codec, found)


def keys(name: str, reach: Reach, as_: str) -> tuple[Map, Iterator[FoundKey]]:
    target = to_read(name, reach, as_)
    return target.map, (_key(target.codec, key) for key in _opened.keys(target.map))


def _key(codec: Codec, key: bytes) -> FoundKey:
    return FoundKey(codec.key_in_words(key), codec.decode_key(key))
