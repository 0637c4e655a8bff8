"""Values of elements, of one CPU, of each, or of none."""

import pytest

from xdpctl.core.btf.notation import as_types
from xdpctl.core.encode.encoder import Encoder
from xdpctl.core.encode.text import Input
from xdpctl.core.machine.model import Map, MapId
from xdpctl.core.maps.elements import EVERY_CPU, Change, Element, written
from xdpctl.errors import BadRequest

HASH = Map(MapId(7), "hash", "m", 4, 2, 9)
PER_CPU = Map(MapId(8), "percpu_hash", "m", 4, 2, 9)
OLD = (b"\1\2", b"\3\4", b"\5\6")


def values(said: Input, old: tuple[bytes, ...], cpu: int | None, map_: Map = PER_CPU) -> tuple[bytes, ...]:
    everything, ends = as_types("key:u32 value:{a:u8,b:u8}")
    write = Encoder(everything.types).writer("value", ends.types[1].id, 2)
    return written(write, said, old, cpu, map_, 3)


@pytest.mark.parametrize(
    ("said", "old", "cpu", "new"),
    [
        ("a=9", OLD, 1, (b"\1\2", b"\x09\4", b"\5\6")),
        ("a=9", OLD, EVERY_CPU, (b"\x09\2", b"\x09\4", b"\x09\6")),
        ("a=0", OLD, None, (b"\0\2", b"\0\4", b"\0\6")),
        ("a=9 b=8", (), 2, (b"\0\0", b"\0\0", b"\x09\x08")),
        ("a=9 b=8", (), EVERY_CPU, (b"\x09\x08",) * 3),
    ],
)
def test_values_of_cpus(said: str, old: tuple[bytes, ...], cpu: int | None, new: tuple[bytes, ...]) -> None:
    assert values(said, old, cpu) == new


@pytest.mark.parametrize(
    ("cpu", "map_", "says"),
    [
        (None, PER_CPU, "say which CPU gets this.*\n.*\n.*the sum is 3 times as much"),
        (3, PER_CPU, "there is no CPU 3\nknown: 0 to 2, or all"),
        (0, HASH, "which has one value for all CPUs"),
        (EVERY_CPU, HASH, "which has one value for all CPUs"),
    ],
)
def test_what_is_refused(cpu: int | None, map_: Map, says: str) -> None:
    with pytest.raises(BadRequest) as caught:
        values("a=9", OLD, cpu, map_)
    caught.match(says)


def test_the_value_of_all_cpus_together() -> None:
    assert values("a=9", (b"\1\2",), None, HASH) == (b"\x09\2",)


@pytest.mark.parametrize(
    ("map_", "values", "taken"),
    [
        (HASH, (b"\1\2",), b"\1\2"),
        (PER_CPU, (b"\1\2", b"\3\4"), b"\1\2" + bytes(6) + b"\3\4" + bytes(6)),
        (PER_CPU, (b"\1" * 8, b"\2" * 8), b"\1" * 8 + b"\2" * 8),
        (PER_CPU, (b"\1\2",), b"\1\2" + bytes(6)),  # a machine with one CPU
        (HASH, (), None),
    ],
)
def test_as_the_kernel_takes_them(map_: Map, values: tuple[bytes, ...], taken: bytes | None) -> None:
    assert list(Change(map_, (Element(b"k", values),)).for_kernel) == [(b"k", taken)]
