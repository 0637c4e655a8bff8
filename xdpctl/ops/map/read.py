"""Look up elements of a map, and go from key to key."""

from collections.abc import Iterator

from msgspec import Struct

from xdpctl.core.encode.words import Words, parse_input
from xdpctl.core.machine.model import Map
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps.decode import Entry
from xdpctl.core.maps.refusals import check_readable
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest
from xdpctl.tools.maps import content, elements
from xdpctl.tools.target import MapEditor, keys_of, to_read


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


def get(name: str, reach: Reach, words: Words, as_: str, raw: bool, per_cpu: bool) -> Got:
    target = to_read(name, reach, as_, raw=raw)
    check_readable(target.map)
    if per_cpu and not target.map.per_cpu:
        raise BadRequest(
            f"--per-cpu: {target.map.name} is of type {target.map.type}, which has one value for all CPUs"
        )
    key = target.key_bytes(parse_input(words))
    try:
        values = elements.lookup(target.map, key)
    except elements.Refusal as refusal:
        raise target.refusal(refusal.answer, key) from None
    if not values:
        raise target.no_such_key(key)
    found = target.matching(key) if target.map.type == "lpm_trie" else key
    by_cpu = per_cpu or (target.map.per_cpu and not target.layout.typed)  # bytes can't be merged
    return Got(
        target.map,
        target.pin,
        target.entry(found, values, by_cpu),
        by_cpu,
        target.layout.typed,
        "" if found == key else target.words(key),
    )


def following(name: str, reach: Reach, words: Words, as_: str) -> FoundKey | None:
    """The key after one, or the first; None where there is none any more."""
    target = to_read(name, reach, as_)
    check_readable(target.map)
    key = None
    if words:
        key = target.key_bytes(parse_input(words))
        if not target.held(key):
            raise target.no_such_key(key)  # the kernel would begin again
    try:
        found = elements.following(target.map, key)
    except elements.Refusal as refusal:
        raise target.refusal(refusal.answer, key or bytes(target.map.bytes_key)) from None
    return None if found is None else _key(target, found)


def keys(name: str, reach: Reach, as_: str) -> tuple[Map, Iterator[FoundKey]]:
    target = to_read(name, reach, as_)
    check_readable(target.map)
    chunks = content.start(target.map)
    return target.map, (_key(target, key) for chunk in chunks if chunk.values for key in keys_of(chunk))


def _key(target: MapEditor, key: bytes) -> FoundKey:
    return FoundKey(target.words(key), target.shown_key(key))
