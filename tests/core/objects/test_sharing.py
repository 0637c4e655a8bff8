"""Whether a map that is there can take the place of one that an object defines."""

import pytest

from xdpctl.core.machine.map_types import TYPES
from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.objects import sharing
from xdpctl.core.objects.map_definitions import MapDefinition
from xdpctl.errors import MapDiffers


def defined(kind: str, key: int = 4, value: int = 8, entries: int = 16, flags: int = 0) -> MapDefinition:
    return MapDefinition(
        name="m",
        type=TYPES.index(kind),
        key_size=key,
        value_size=value,
        max_entries=entries,
        flags=flags,
    )


def there(kind: str | int, key: int = 4, value: int = 8, entries: int = 16, flags: int = 0) -> Map:
    return Map(
        MapId(7), type=kind, bytes_key=key, bytes_value=value, max_entries=entries, flags=flags, name="m"
    )


def test_each_field_that_differs_is_named() -> None:
    with pytest.raises(MapDiffers, match=r"the map at /p/m isn't like m of a\.o") as caught:
        sharing.check(defined("hash"), there("array", key=8, value=16, entries=1, flags=1), "/p/m", "a.o")
    assert caught.value.hints == (
        "type: array, not hash",
        "key: 8 bytes, not 4 bytes",
        "value: 16 bytes, not 8 bytes",
        "entries: 1, not 16",
        "flags: 0x1, not 0x0",
    )


@pytest.mark.parametrize(
    ("wanted", "have"),
    [
        (defined("hash", flags=1), there("hash", flags=1)),
        (defined("devmap", value=4), there("devmap", value=4, flags=1 << 7)),
        (defined("perf_event_array", entries=0), there("perf_event_array", entries=2)),
        (defined("ringbuf", 0, 0, entries=5000), there("ringbuf", 0, 0, entries=8192)),
    ],
    ids=["hash", "devmap", "perf_event_array", "ringbuf"],
)
def test_what_the_kernel_and_libbpf_change_is_no_difference(wanted: MapDefinition, have: Map) -> None:
    sharing.check(wanted, have, "/p/m", "a.o")
